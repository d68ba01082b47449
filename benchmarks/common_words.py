"""Writes monitor/surges/common_words.py: how often the common words of financial news are used.

    python -m benchmarks.common_words [--data DIR]

Counted are texts of several publishers and years, each once; kept are counts of words, none of what was written.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import math
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.data import WHERE_DATA_IS, find_data
from monitor.classify.text import prepare_text
from monitor.errors import MonitorError
from monitor.surges import common_words
from monitor.surges.common_words import FULL_WEIGHT, NO_WEIGHT
from monitor.surges.marks import stems_of

_CHARACTERS = 300
_LINE = 110


def texts(data: Path) -> Iterator[str]:
    """Headlines with what follows them, of every set at hand."""
    with gzip.open(data / "news_headlines" / "headlines_to_2019_03.csv.gz", "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            yield prepare_text(row["headline"], row["description"])
    for name in ("tfns/sent_train.csv", "tftopic/topic_train.csv"):
        with (data / name).open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                yield prepare_text(row["text"])
    with (data / "rss_finance_2025_2026" / "rss_articles.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["title"].isascii():
                yield prepare_text(row["title"], row["summary"])


def table(data: Path) -> dict[float, list[str]]:
    """Stems by weight, in half nats; those of no weight stand under 0."""
    unique = {text[:_CHARACTERS] for text in texts(data)}
    holding = Counter(stem for text in unique for stem in stems_of(text))
    found: dict[float, list[str]] = defaultdict(list)
    for stem, count in holding.items():
        weight = round(2 * max(0.0, math.log(len(unique) / count) - NO_WEIGHT)) / 2
        if weight < FULL_WEIGHT:
            found[weight].append(stem)
    return dict(sorted(found.items()))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from a command line; returns its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.common_words", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--data", type=Path, help=f"folder of the data sets; {WHERE_DATA_IS}")
    options = parser.parse_args(arguments)
    try:
        found = table(options.data or find_data("news_headlines"))
    except (MonitorError, OSError) as error:
        print(f"common_words: {error}", file=sys.stderr)
        return 2
    path = Path(common_words.__file__)
    before, _, rest = path.read_text(encoding="utf-8").partition("_STEMS")
    after = rest[rest.index("}  # written\n") :]
    lines = [f"    {weight}: (\n{_wrapped(sorted(stems))}    ),\n" for weight, stems in found.items()]
    path.write_text(f"{before}_STEMS: Final[Mapping[float, str]] = {{\n{''.join(lines)}{after}", encoding="utf-8")
    print(f"{path.name}: {sum(map(len, found.values()))} stems")
    return 0


def _wrapped(stems: Sequence[str]) -> str:
    lines, line = list[str](), ""
    for stem in stems:
        if len(line) + len(stem) >= _LINE:
            lines.append(line)
            line = ""
        line += f"{stem} "
    return "".join(f'        "{each}"\n' for each in [*lines, line])


if __name__ == "__main__":
    sys.exit(main())
