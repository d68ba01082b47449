"""Reports that people read and programs parse."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from monitor.learning.judging.reporting import write_report

LABELS = ("falls", "Gold | Metals", "rises")
TRUTH = np.array([0, 0, 0, 1, 1, 2, 2, 2])
GIVEN = np.array([0, 0, 2, 1, 0, 2, 0, 0])


def test_a_report_has_a_page_figures_and_a_picture(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    write_report(tmp_path / "report", "topic", np.eye(3)[GIVEN], TRUTH, LABELS)
    page = (tmp_path / "report" / "report_topic.md").read_text(encoding="utf-8")
    assert "8 labels: accuracy 0.5000" in page
    assert "| falls | 0.400 | 0.667 | 0.500 | 3 |" in page
    assert "| Gold \\| Metals | 1.000 | 0.500 | 0.667 | 2 |" in page
    assert page.index("| rises | falls | 2 | 66.7% |") < page.index("| falls | rises | 1 | 33.3% |")
    figures = json.loads((tmp_path / "report" / "report_topic.json").read_text(encoding="utf-8"))
    assert figures["per_class"]["rises"] == {"precision": 0.5, "recall": 0.33333, "f1": 0.4, "support": 3}
    assert figures["confusion"] == [[2, 0, 1], [1, 1, 0], [2, 0, 1]]
    picture = (tmp_path / "report" / "confusion_topic.png").read_bytes()
    assert picture.startswith(b"\x89PNG")


def test_answers_that_are_all_right_confuse_nothing(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    write_report(tmp_path, "topic", np.eye(3)[TRUTH], TRUTH, LABELS)
    assert "confusions" not in (tmp_path / "report_topic.md").read_text(encoding="utf-8")
