"""Added topics of a model, carried over to its successor, whose embeddings are others."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from monitor.classify.added_topics import AddedTopic

RIDGE = 1e-2
"""How firmly a direction is held to the one it had: what the texts do not settle stays as it was."""

Vectors = npt.NDArray[np.float32]


def moved(topic: AddedTopic, before: Vectors, after: Vectors) -> AddedTopic:
    """The question on the new embeddings that answers as the old one did on the old embeddings.

    The log-odds are matched by ridge regression toward the old direction: training holds the embedding near the base's,
    so little has to move.

    Args:
        topic: As the parent asks it.
        before: [n, width], the parent's embeddings of some texts; the more alike to what will be asked the better.
        after: [n, width], the successor's embeddings of the same texts.

    >>> topic = AddedTopic(name="t", description="", origin="examples", examples=9, direction=(4.0, 0.0), bias=-1.0)
    >>> before = np.array([[1, 0], [0, 1], [0.6, 0.8], [-1, 0]], dtype=np.float32)
    >>> turned = moved(topic, before, before[:, ::-1])
    >>> [round(value, 1) for value in (*turned.direction, turned.bias)]
    [0.1, 4.0, -1.0]
    """
    old = np.array(topic.direction, dtype=np.float64)
    wanted = before.astype(np.float64) @ old  # [n], log-odds but for the bias
    rows = after.astype(np.float64)
    centre, middle = rows.mean(axis=0), wanted.mean()
    rows = rows - centre
    rest = (wanted - middle) - rows @ old  # what the old direction leaves unexplained
    step = np.linalg.solve(
        rows.T @ rows / len(rows) + RIDGE * _scale(rows) * np.eye(rows.shape[1]), rows.T @ rest / len(rows)
    )
    direction = old + step
    return msgspec.structs.replace(
        topic,
        direction=tuple(round(float(value), 7) for value in direction),
        bias=round(float(topic.bias + middle - centre @ direction), 7),
    )


def _scale(rows: npt.NDArray[np.float64]) -> float:
    """Mean variance of a coordinate, so that the ridge means the same for narrow and for wide embeddings."""
    return max(float(np.mean(rows**2)), 1e-12)
