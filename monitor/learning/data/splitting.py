"""What trains and what validates: nothing is known of a validation text before it is judged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from typing import Literal

import numpy as np
import numpy.typing as npt

from monitor.classify.labels import Labels, Task
from monitor.errors import InputError
from monitor.learning.data.corpus import Corpus
from monitor.learning.data.examples import Example
from monitor.learning.data.groups import grouped_split, joined_groups, near_duplicate_groups
from monitor.learning.data.replaying import without_relatives

LEAST_EXAMPLES = 10
"""Different texts without which nothing is split."""

_MORE = "Give more examples, another --validation-share, or a file of its own: --validation FILE."


@dataclass(frozen=True)
class Split:
    """Examples to train on and those to validate on.

    Attributes:
        training: No text of them stands in `validation`.
        validation: Stops the training early, fits the temperatures and is judged.
        dropped: Examples that were left out because they repeat something on the other side.
        labels_until: UTC-aware; when the newest label was given of those that the store had exported; None without.
    """

    training: list[Example]
    validation: list[Example]
    dropped: int = 0
    labels_until: datetime | None = None


def split_corpus(corpus: Corpus, how: Literal["time", "group"], share: float, seed: int) -> Split:
    """Hold out a share of a corpus.

    Args:
        corpus: All examples.
        how: "time" holds out the newest, without near-duplicates of what is older; "group" holds out whole groups of
            near-duplicates, drawn at random. The corpus' own groups, where it has some, count as near-duplicates.
        share: To hold out, in (0, 1).
        seed: Of the draw.

    Raises:
        InputError: There are too few examples, or their times do not tell them apart.
    """
    count = len(corpus.examples)
    if count < LEAST_EXAMPLES:
        raise InputError(f"there are {count} different texts, too few examples to split.", _MORE)
    groups = near_duplicate_groups([example.text for example in corpus.examples])
    if corpus.groups:
        # Who is of no group stands alone.
        groups = joined_groups(groups.tolist(), [group or place for place, group in enumerate(corpus.groups)])
    dropped = np.zeros(count, dtype=np.bool_)
    if how == "time":
        held_out = _newest(corpus, share)
        dropped = held_out & np.isin(groups, groups[~held_out])
    else:
        held_out = grouped_split(groups, share, seed)
    split = Split(
        training=[example for example, out in zip(corpus.examples, held_out, strict=True) if not out],
        validation=[
            example
            for example, out, repeat in zip(corpus.examples, held_out, dropped, strict=True)
            if out and not repeat
        ],
        dropped=int(dropped.sum()),
    )
    if not (split.training and split.validation):
        side = "train" if not split.training else "validate"
        raise InputError(f"{count:,} texts are too few examples to split: none is left to {side} on.", _MORE)
    return split


def split_by_file(training: Corpus, validation: Corpus) -> Split:
    """Validate on a file of its own; training examples that are near-duplicates of a text of it are dropped.

    So are those of its groups, where the files name groups.
    """
    held_out = set(validation.groups) - {""}
    others = [
        example
        for example, group in zip_longest(training.examples, training.groups)  # without groups there are none
        if group not in held_out
    ]
    kept = without_relatives(others, [example.text for example in validation.examples])
    return Split(kept, list(validation.examples), len(training.examples) - len(kept))


def labels_of(examples: Iterable[Example], task: Task) -> list[int]:
    """All labels of a task: of the texts, or of the mentions in them."""
    if task == "entity":
        mentions = (mention for example in examples for mention in example.mentions or ())
        return [mention.sentiment for mention in mentions if mention.sentiment is not None]
    return [label for example in examples if (label := example.label(task)) is not None]


def require_trainable(split: Split, tasks: Iterable[Task], labels: Labels) -> None:
    """Refuse examples from which a task cannot be learnt, or by which it cannot be judged.

    Raises:
        InputError: A task has no label, or those of one class only, or none to validate on.
    """
    for task in tasks:
        classes = set(labels_of(split.training, task))
        if len(classes) < 2:
            only = f"only the label {labels.names(task)[classes.pop()]!r}" if classes else "no label at all"
            raise InputError(
                f"the examples to train {task} on have {only}.",
                "Give examples of at least two labels, or another split.",
            )
        if not labels_of(split.validation, task):
            raise InputError(f"too few examples to split: none with a {task} label is left to validate on.", _MORE)


def _newest(corpus: Corpus, share: float) -> npt.NDArray[np.bool_]:
    moments = [moment.timestamp() for moment in corpus.times if moment is not None]
    if len(moments) < len(corpus.examples):
        raise InputError("a split by time needs the time of every text.", "Name its column: --time-column.")
    times = np.array(moments)
    cut = np.sort(times)[min(len(times) - 1, int(len(times) * (1.0 - share)))]
    held_out: npt.NDArray[np.bool_] = times >= cut
    if held_out.all():
        held_out = times > cut
    if not held_out.any():
        raise InputError("a split by time is not possible: all texts bear the same time.", "Use --split group.")
    return held_out
