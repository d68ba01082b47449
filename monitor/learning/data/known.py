"""What people say of each text, as examples: what the store's labels come to, and what of it trains or judges."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from monitor.classify.labels import Labels
from monitor.learning.data.examples import Example, LabelledMention, find_entity, is_free, targets_of
from monitor.learning.data.label import AgreedLabel, text_key
from monitor.learning.data.replaying import is_held_out


@dataclass(frozen=True)
class KnownText:
    """A text and what people say of it.

    Attributes:
        example: With every label that the model knows.
        labels: How many those are.
        agreed_at: UTC-aware; of the one that was agreed last.
    """

    example: Example
    labels: int
    agreed_at: datetime


@dataclass(frozen=True)
class Parts:
    """Known texts by age and use.

    Attributes:
        old: To train on, known to the champion's makers.
        new: To train on, labelled since.
        frozen: To judge on, as old as `old`.
        newest: To judge on, labelled since.
    """

    old: list[Example] = field(default_factory=list)
    new: list[Example] = field(default_factory=list)
    frozen: list[Example] = field(default_factory=list)
    newest: list[Example] = field(default_factory=list)


def known_texts(agreed: Iterable[AgreedLabel], labels: Labels) -> list[KnownText]:
    """Join what is agreed of each text; names that the model does not answer with are left out.

    An entity's label becomes mentions, wherever the text names the entity.

    Args:
        agreed: In any order.
        labels: The model's.

    Returns:
        In the order of their newest agreements, then of their keys.
    """
    by_text: dict[str, list[AgreedLabel]] = defaultdict(list)
    for label in agreed:
        by_text[text_key(label.text)].append(label)
    found = ((key, _joined(members, labels)) for key, members in by_text.items())
    texts = [(known.agreed_at, key, known) for key, known in found if known is not None]
    return [known for _, _, known in sorted(texts, key=lambda entry: entry[:2])]


def parts_of(known: Sequence[KnownText], since: datetime, least_frozen: int) -> Parts:
    """Divide known texts by age, and by whether they judge or train.

    A text judges by a property of its own (see `is_held_out`), so that none that judges was ever trained on. Where the
    old ones that judge are too few to freeze a set of, as before the first training, the older half of the new ones
    that judge joins them.

    Args:
        known: Oldest first.
        since: Texts of which something was agreed later are new.
        least_frozen: Labels that the frozen set needs from here; 0 or less where others suffice.
    """
    parts = Parts()
    for text in known:
        judges, new = is_held_out(text.example.text), text.agreed_at > since
        ((parts.newest if new else parts.frozen) if judges else (parts.new if new else parts.old)).append(text.example)
    if judged_labels(parts.frozen) < least_frozen:
        half = len(parts.newest) // 2
        return replace(parts, frozen=parts.frozen + parts.newest[:half], newest=parts.newest[half:])
    return parts


def judged_labels(examples: Sequence[Example]) -> int:
    """How many answers examples can judge: topics, sentiments, and sentiments toward mentions."""
    whole = sum((example.topic is not None) + (example.sentiment is not None) for example in examples)
    return whole + len(targets_of(examples).spans)


def _joined(members: Sequence[AgreedLabel], labels: Labels) -> KnownText | None:
    newest = max(members, key=lambda label: label.agreed_at)
    example, count, mentions = Example(newest.text), 0, list[LabelledMention]()
    # Longer names first: a shorter one that they hold is not a mention of its own.
    for label in sorted(members, key=lambda member: -len(member.entity)):
        names = labels.names("topic" if label.task == "topic" else "sentiment")
        if label.label not in names:
            continue
        place = names.index(label.label)
        if label.task == "topic":
            example = replace(example, topic=place)
        elif label.task == "sentiment":
            example = replace(example, sentiment=place)
        else:
            spans = [span for span in find_entity(newest.text, label.entity) if is_free(span, mentions)]
            found = [LabelledMention(start, end, place) for start, end in spans]
            mentions += found
            if not found:
                continue
        count += 1
    if mentions:
        example = replace(example, mentions=tuple(sorted(mentions, key=lambda mention: mention.start)))
    return KnownText(example, count, newest.agreed_at) if count else None
