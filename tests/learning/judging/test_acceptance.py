"""Judging the shipped model on a file, as `monitor evaluate` and the accuracy benchmark do."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import accuracy
from monitor.errors import InputError
from pipelines.evaluate import evaluate_file

ROWS = (
    ("Lender collapses as depositors flee and its shares plunge", "bear"),
    ("Chipmaker lifts its outlook after record quarterly profit", "bull"),
    ("Retailer shares tumble after it cuts its forecast", "bear"),
    ("Airline beats estimates and raises its dividend", "bear"),
)
"""The last label is wrong on purpose."""


def _file(tmp_path: Path) -> Path:
    path = tmp_path / "set.csv"
    path.write_text("headline,view\n" + "".join(f"{text},{label}\n" for text, label in ROWS))
    return path


def test_a_file_is_judged_by_its_labels(tmp_path: Path) -> None:
    report = evaluate_file(
        _file(tmp_path),
        text_column="headline",
        label_column="view",
        task="sentiment",
        label_map={"bear": "negative", "bull": "positive"},
    )
    assert report.n == 4
    assert report.accuracy == 0.75
    assert report.per_class["negative"].recall == pytest.approx(2 / 3)
    assert set(report.as_json()) == {"n", "accuracy", "macro_f1", "weighted_f1", "ece", "per_class"}


def test_an_unmapped_label_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="row 2: label 'bull'"):
        evaluate_file(
            _file(tmp_path),
            text_column="headline",
            label_column="view",
            task="sentiment",
            label_map={"bear": "negative"},
        )


def test_the_benchmark_says_in_one_line_that_its_data_is_absent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert accuracy.main(["--data", str(tmp_path / "none"), "--json"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "data folder is absent" in lines[0]
