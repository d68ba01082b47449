"""What a candidate learns from: new labels, and old ones among them, so that the old are not forgotten."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from monitor.classify.text import normalise_text, statement_key
from monitor.learning.data.examples import Example, without_repeats
from monitor.learning.data.groups import near_duplicate_groups

Floats = npt.NDArray[np.floating]

HELD_OUT_SHARE = 0.2
"""Of all labelled texts; they judge and never train."""


def is_held_out(text: str, share: float = HELD_OUT_SHARE) -> bool:
    """Whether a text judges rather than trains: a property of the text, so the same today and after any retraining.

    Args:
        text: URLs, case and punctuation do not matter, nor the signs of figures: so near texts do the same.
        share: Of all texts, in [0, 1].

    >>> is_held_out("Oil FALLS 3%! https://example.com/a") == is_held_out("oil falls 3")
    True
    >>> 0.18 < sum(is_held_out(f"headline {n}") for n in range(2000)) / 2000 < 0.22
    True
    """
    digest = hashlib.blake2b(normalise_text(text).encode(), digest_size=8, person=b"held-out").digest()
    return int.from_bytes(digest, "big") < share * 2**64


def without_relatives(examples: Sequence[Example], held_out: Sequence[str]) -> list[Example]:
    """Drop the examples that are near-duplicates of a held-out text: rewordings of one story would tell its answer."""
    groups = near_duplicate_groups([*held_out, *(example.text for example in examples)])
    taken = set(groups[: len(held_out)].tolist())
    return [
        example for example, group in zip(examples, groups[len(held_out) :].tolist(), strict=True) if group not in taken
    ]


def mixed(new: Sequence[Example], old: Sequence[Example], per_new: float, seed: int) -> list[Example]:
    """Mix new examples with a draw of old ones.

    A network trained on the new alone forgets the old; a draw of the old among each batch keeps it. Source: Robins,
    Catastrophic Forgetting, Rehearsal and Pseudorehearsal, Connection Science 7:123, 1995. The draw takes as many from
    each pair of topic and sentiment until all are as frequent or used up: what is rare is lost first.

    Args:
        new: All are taken; where an old text is the same, the new label wins.
        old: Any number.
        per_new: Old examples for each new one, at least 0.
        seed: Of the draw and the order.

    Returns:
        New and old in one random order.

    >>> len(mixed([Example("a", topic=1)], [Example(f"old {n}", topic=0) for n in range(9)], 3.0, seed=1))
    4
    """
    fresh = without_repeats(new)
    known = {statement_key(example.text) for example in fresh}
    rest = [example for example in without_repeats(old) if statement_key(example.text) not in known]
    rng = np.random.default_rng(seed)
    together = [*fresh, *_evenly(rest, round(per_new * len(fresh)), rng)]
    return [together[place] for place in rng.permutation(len(together))]


def rehearsals(
    texts: Sequence[str], topic_probabilities: Floats, sentiment_probabilities: Floats, least: float
) -> list[Example]:
    """Make old examples of a model's own confident answers, for where its training data are not at hand.

    Source: Robins 1995, pseudorehearsal; Li and Hoiem, Learning without Forgetting, ECCV 2016.

    Args:
        texts: As the model read them.
        topic_probabilities: [n, topics], calibrated.
        sentiment_probabilities: [n, sentiments], likewise.
        least: Probability from which an answer is taken, in (0, 1).

    >>> rehearsals(["Oil falls"], np.array([[0.1, 0.9]]), np.array([[0.5, 0.3, 0.2]]), 0.8)
    [Example(text='Oil falls', topic=1, sentiment=None, mentions=None, tagged=False)]
    """
    examples = list[Example]()
    for text, topics, sentiments in zip(texts, topic_probabilities, sentiment_probabilities, strict=True):
        topic = int(topics.argmax()) if topics.max() >= least else None
        sentiment = int(sentiments.argmax()) if sentiments.max() >= least else None
        if topic is not None or sentiment is not None:
            examples.append(Example(text, topic=topic, sentiment=sentiment))
    return examples


def _evenly(examples: Sequence[Example], wanted: int, rng: np.random.Generator) -> list[Example]:
    """Draw from all pairs of labels in turns until enough are drawn."""
    pairs: dict[tuple[int | None, int | None], list[Example]] = defaultdict(list)
    for place in rng.permutation(len(examples)):
        pairs[examples[place].topic, examples[place].sentiment].append(examples[place])
    turns = [(turn, member) for members in pairs.values() for turn, member in enumerate(members)]
    turns.sort(key=lambda entry: entry[0])
    return [member for _, member in turns[:wanted]]
