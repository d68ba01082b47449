"""What a model gets right and wrong, class by class: Markdown and JSON to read, and a picture of the confusions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from monitor.learning.judging.confusion import confusion_matrix, draw_confusion
from monitor.learning.judging.evaluation import ClassReport, Report, evaluate

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

WORST = 10
"""Confused pairs that a report names."""


def write_report(folder: Path, name: str, probabilities: Floats, truth: Integers, labels: Sequence[str]) -> Report:
    """Judge answers, and write report_NAME.md, report_NAME.json and confusion_NAME.png.

    Args:
        folder: Is created.
        name: Of what was asked, such as "topic".
        probabilities: [n, classes].
        truth: [n], class indices.
        labels: Name of each class.

    Raises:
        ModuleNotFoundError: matplotlib is not installed (extra: train); the other two files are written then.
    """
    report = evaluate(probabilities, truth, labels)
    matrix = confusion_matrix(truth, probabilities.argmax(axis=1), len(labels))
    folder.mkdir(parents=True, exist_ok=True)
    figures = {**report.as_json(), "labels": list(labels), "confusion": matrix.tolist()}
    (folder / f"report_{name}.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    (folder / f"report_{name}.md").write_text(report_markdown(name, report, matrix, labels), encoding="utf-8")
    draw_confusion(matrix, labels, f"{name}: {report.n:,} labels", folder / f"confusion_{name}.png")
    return report


def report_markdown(title: str, report: Report, matrix: Integers, labels: Sequence[str]) -> str:
    """A page: the figures of all, of each class, and the pairs that are confused most often.

    Args:
        title: Of the page.
        report: Of the answers.
        matrix: [classes, classes], rows are true classes.
        labels: Name of each class.
    """
    lines = [
        f"# {title}",
        "",
        f"{report.n:,} labels: accuracy {report.accuracy:.4f}, macro F1 {report.macro_f1:.4f}, "
        f"weighted F1 {report.weighted_f1:.4f}, expected calibration error {report.ece:.4f}.",
        "",
        *class_table(report.per_class),
    ]
    pairs = confused_pairs(matrix)[:WORST]
    if pairs:
        lines += ["", "## Most frequent confusions", "", "| label | answer | times | share of the label |"]
        lines += ["| --- | --- | ---: | ---: |"]
        for true, given in pairs:
            count, whole = int(matrix[true, given]), int(matrix[true].sum())
            lines.append(f"| {_cell(labels[true])} | {_cell(labels[given])} | {count:,} | {count / whole:.1%} |")
    return "\n".join(lines) + "\n"


def class_table(per_class: Mapping[str, ClassReport]) -> list[str]:
    """Lines of a Markdown table of precision, recall, F1 and support."""
    lines = ["| class | precision | recall | F1 | support |", "| --- | ---: | ---: | ---: | ---: |"]
    for name, figures in per_class.items():
        shares = " | ".join(f"{value:.3f}" for value in (figures.precision, figures.recall, figures.f1))
        lines.append(f"| {_cell(name)} | {shares} | {figures.support:,} |")
    return lines


def confused_pairs(matrix: Integers) -> list[tuple[int, int]]:
    """Pairs (true class, given class) that differ, the most frequent first.

    >>> confused_pairs(np.array([[5, 1, 0], [0, 5, 3], [0, 0, 5]]))
    [(1, 2), (0, 1)]
    """
    wrong = matrix.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")
    pairs = [divmod(int(place), len(matrix)) for place in order]
    return [(true, given) for true, given in pairs if wrong[true, given]]


def _cell(name: str) -> str:
    return name.replace("|", "\\|")
