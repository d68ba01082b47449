"""How well words are tagged: word by word, and by whole entities."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from monitor.learning.data.conll import chunks
from monitor.learning.judging.evaluation import ClassReport

Tags = Sequence[Sequence[str]]


@dataclass(frozen=True)
class TagReport:
    """Figures of tags on one set; shares lie in [0, 1].

    Attributes:
        words: Judged.
        accuracy: Share of words whose tag is right.
        macro_f1: Mean F1 over the tags that occur, O included.
        per_tag: Figures of each tag, by words.
        entities: Precision, recall and F1 over all entities: right where type, first and last word are.
        per_entity: The same by type; empty where tags mark no chunks.
    """

    words: int
    accuracy: float
    macro_f1: float
    per_tag: dict[str, ClassReport]
    entities: ClassReport
    per_entity: dict[str, ClassReport]

    def as_json(self) -> dict[str, Any]:
        """The figures as plain values, rounded to five decimals."""
        rounded: dict[str, Any] = _rounded(asdict(self))
        return rounded


def judge_tags(truth: Tags, given: Tags, *, chunked: bool = True) -> TagReport:
    """Compare tags with the true ones, as conlleval and seqeval do.

    Args:
        truth: IOB2 tags of each sentence.
        given: A model's, likewise.
        chunked: Whether tags mark chunks.

    Raises:
        ValueError: There is nothing to judge, or sentences differ in length.
    """
    pairs = [pair for true, mine in zip(truth, given, strict=True) for pair in zip(true, mine, strict=True)]
    if not pairs:
        raise ValueError("no words to judge")
    words = _by_class([true for true, _ in pairs], [mine for _, mine in pairs], [true == mine for true, mine in pairs])
    true_chunks, given_chunks = (_all_chunks(tags) if chunked else [] for tags in (truth, given))
    hits = set(true_chunks) & set(given_chunks)
    kinds = [kind for _, kind, _, _ in true_chunks]
    per_entity = _figures(
        Counter(kinds), Counter(kind for _, kind, _, _ in given_chunks), Counter(one[1] for one in hits)
    )
    whole = _figures(Counter(all=len(true_chunks)), Counter(all=len(given_chunks)), Counter(all=len(hits)))
    return TagReport(
        words=len(pairs),
        accuracy=sum(true == mine for true, mine in pairs) / len(pairs),
        macro_f1=sum(figures.f1 for figures in words.values()) / len(words),
        per_tag=words,
        entities=whole["all"],
        per_entity=per_entity,
    )


def _all_chunks(tags: Tags) -> list[tuple[int, str, int, int]]:
    return [(number, *chunk) for number, sentence in enumerate(tags) for chunk in chunks(sentence)]


def _by_class(truth: list[str], given: list[str], right: list[bool]) -> dict[str, ClassReport]:
    hits = Counter(tag for tag, fits in zip(truth, right, strict=True) if fits)
    return _figures(Counter(truth), Counter(given), hits)


def _figures(truth: Counter[str], given: Counter[str], hits: Counter[str]) -> dict[str, ClassReport]:
    return {
        name: ClassReport(
            precision=hits[name] / given[name] if given[name] else 0.0,
            recall=hits[name] / truth[name] if truth[name] else 0.0,
            f1=2.0 * hits[name] / (truth[name] + given[name]) if truth[name] + given[name] else 0.0,
            support=truth[name],
        )
        for name in sorted(truth.keys() | given.keys())
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    return round(value, 5) if isinstance(value, float) else value
