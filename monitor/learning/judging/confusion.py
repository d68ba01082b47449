"""Which classes are taken for which: a matrix, and a picture of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


def confusion_matrix(truth: Integers, given: Integers, classes: int) -> Integers:
    """Count pairs: [classes, classes], rows are the true classes and columns the given ones.

    >>> confusion_matrix(np.array([0, 0, 1]), np.array([0, 1, 1]), 2).tolist()
    [[1, 1], [0, 1]]
    """
    return np.bincount(truth * classes + given, minlength=classes * classes).reshape(classes, classes).astype(np.int64)


def draw_confusion(matrix: Integers, names: Sequence[str], title: str, path: Path) -> None:
    """Draw a matrix as a PNG; the shade of a cell is its share of its row.

    Args:
        matrix: As `confusion_matrix` gives it.
        names: Of the classes; those that occur nowhere are left out.
        title: Above the picture.
        path: Of the file.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    seen = np.flatnonzero(matrix.sum(axis=0) + matrix.sum(axis=1))
    shown, labels = matrix[np.ix_(seen, seen)], [names[place] for place in seen.tolist()]
    shares = shown / np.maximum(shown.sum(axis=1, keepdims=True), 1)
    size = 2.5 + 0.55 * len(labels)
    figure = Figure(figsize=(size + 1.0, size), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    axes.set_xticks(range(len(labels)), labels, rotation=45, ha="right")
    axes.set_yticks(range(len(labels)), labels)
    axes.set_xlabel("answer")
    axes.set_ylabel("label")
    axes.set_title(title)
    for row, column in np.ndindex(*shown.shape):
        if shown[row, column]:
            shade = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, str(shown[row, column]), ha="center", va="center", color=shade, fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
