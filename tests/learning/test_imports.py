"""What the default installation must be able to import."""

from __future__ import annotations

import subprocess
import sys

LIGHT = """
import sys
import benchmarks.accuracy, benchmarks.throughput
import monitor.learning.data.examples, monitor.learning.data.groups
import monitor.learning.judging.card, monitor.learning.judging.evaluation
import pipelines.evaluate, pipelines.train
print([name for name in ("torch", "transformers", "nncf", "openvino") if name in sys.modules])
"""


def test_judging_and_reading_need_no_training_libraries() -> None:
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout.strip() == "[]", done.stderr
