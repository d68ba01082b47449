"""Joins what the model tags in a text with the companies that the gazetteer finds: each mention gets its entity."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Sequence
from pathlib import Path
from typing import Final

import msgspec

from monitor.classify.engine import Engine, Scores
from monitor.classify.mentions import Mention, Span
from monitor.entities.gazetteer import load_gazetteer
from monitor.entities.matching import Match, Matcher, Verdict
from monitor.entities.names import PROVISIONAL
from monitor.entities.relevance import relevance
from monitor.entities.similarity import Similarity
from monitor.entities.unknown import name_span, unknown_id

PROVISIONAL_FROM: Final = 0.6
"""Confidence of a tag from which a mention of an unknown company makes a provisional entity.

Half of the names below it are none; those of entities that are known already nearly all are.
"""

Triple = tuple[float, float, float]


class Linker:
    """Links the mentions of texts. What it answers depends on the text, the model and the gazetteer alone."""

    def __init__(self, matcher: Matcher) -> None:
        """Takes a matcher; descriptions are embedded as they are needed, anew for each model."""
        self._matcher = matcher
        self._similarity: tuple[str, Similarity] | None = None

    @classmethod
    def open(cls, file: Path | None = None) -> Linker:
        """A linker over what ships with this package and the user's file.

        Raises:
            InputError: The file cannot be read.
        """
        return cls(Matcher(load_gazetteer(file)))

    def link(
        self, texts: Sequence[str], title_lengths: Sequence[int], scores: Scores, engine: Engine
    ) -> list[tuple[Mention, ...]]:
        """The mentions of each text, with entities and relevance, in the order in which they stand there.

        A known company that the model did not tag becomes a mention: with the sentiment of the text if it is all that
        the text names, else with the engine's sentiment toward it.

        Args:
            texts: As `prepare_text` returned them.
            title_lengths: Of the headline with which each begins.
            scores: The engine's answers for them.
            engine: Which gave them.
        """
        found = [self._accepted(text, row, scores, engine) for row, text in enumerate(texts)]
        words = self._matcher.ambiguity.words
        joined = [
            join(text, mentions, matches, words)
            for text, mentions, matches in zip(texts, scores.mentions, found, strict=True)
        ]
        toward = self._sentiments(texts, joined, scores, engine)
        linked = []
        for row, (text, title_length, (tagged, untagged)) in enumerate(zip(texts, title_lengths, joined, strict=True)):
            new = [_mention(text, match, toward[row, match.start]) for match in untagged]
            mentions = sorted([*tagged, *new], key=lambda mention: (mention.start, mention.end))
            linked.append(with_relevance(mentions, len(text), title_length))
        return linked

    def _accepted(self, text: str, row: int, scores: Scores, engine: Engine) -> list[Match]:
        """What the text names, and what was refused (it must make no provisional entity)."""
        matches = self._matcher.explain(text)
        if any(match.verdict is Verdict.OPEN for match in matches):
            similarity = self._similarity_of(engine)
            matches = [similarity.decide(match, scores.embeddings[row]) for match in matches]
        return matches

    def _similarity_of(self, engine: Engine) -> Similarity:
        if self._similarity is None or self._similarity[0] != engine.model_version:
            self._similarity = (
                engine.model_version,
                Similarity(
                    self._matcher.gazetteer,
                    self._matcher.ambiguity,
                    lambda descriptions: engine.classify(descriptions).embeddings,
                ),
            )
        return self._similarity[1]

    def _sentiments(
        self,
        texts: Sequence[str],
        joined: Sequence[tuple[Sequence[Mention], Sequence[Match]]],
        scores: Scores,
        engine: Engine,
    ) -> dict[tuple[int, int], Triple]:
        """By text and start, the sentiment toward each company that the model did not tag."""
        found: dict[tuple[int, int], Triple] = {}
        asked: list[tuple[int, Match]] = []
        for row, (tagged, untagged) in enumerate(joined):
            if len({match.entity for match in untagged}) == 1 and not tagged:
                negative, neutral, positive = scores.sentiment_probabilities[row].tolist()
                found.update(((row, match.start), (negative, neutral, positive)) for match in untagged)
            else:
                asked += ((row, match) for match in untagged)
        if asked:
            spans: list[Span] = [(match.start, match.end) for _, match in asked]
            answers = engine.sentiment_toward([texts[row] for row, _ in asked], spans).tolist()
            found.update(
                ((row, match.start), (negative, neutral, positive))
                for (row, match), (negative, neutral, positive) in zip(asked, answers, strict=True)
            )
        return found


def join(
    text: str, mentions: Sequence[Mention], matches: Sequence[Match], words: Container[str] = frozenset()
) -> tuple[list[Mention], list[Match]]:
    """The model's mentions with their entities, and the accepted matches that no mention touches.

    A mention gets the entity of the match that it shares most characters with; where that one was refused, none.

    Args:
        text: Where they stand.
        mentions: The model's, in order.
        matches: The gazetteer's, refused ones too.
        words: Folded words that are no company's name on their own.
    """
    tagged, used = list[Mention](), set[int]()
    for mention in mentions:
        touching = [
            (min(match.end, mention.end) - max(match.start, mention.start), -match.start, place)
            for place, match in enumerate(matches)
            if match.start < mention.end and mention.start < match.end
        ]
        accepted = [touch for touch in touching if matches[touch[2]].verdict is Verdict.ACCEPTED]
        if accepted:
            place = max(accepted)[2]
            used.update(touch[2] for touch in accepted if matches[touch[2]].entity == matches[place].entity)
            tagged.append(msgspec.structs.replace(mention, entity=matches[place].entity))
        else:
            named = mention if touching else _unknown(text, mention, words)
            # Two fragments of one word become one mention.
            if not tagged or (tagged[-1].start, tagged[-1].end) != (named.start, named.end):
                tagged.append(named)
    untagged = [match for place, match in enumerate(matches) if match.verdict is Verdict.ACCEPTED and place not in used]
    return tagged, untagged


def with_relevance(mentions: Sequence[Mention], length: int, title_length: int) -> tuple[Mention, ...]:
    """Mentions with the relevance of their entities; 0 for those that have none. Unsure ones take none from others."""
    starts: dict[str, list[int]] = defaultdict(list)
    for mention in mentions:
        if mention.entity:
            starts[mention.entity].append(mention.start)
    sure = {mention.entity for mention in mentions if mention.entity and not mention.unsure}
    score = {entity: relevance(places, length, title_length, len(sure - {entity})) for entity, places in starts.items()}
    return tuple(
        msgspec.structs.replace(mention, relevance=score[mention.entity]) if mention.entity else mention
        for mention in mentions
    )


def _unknown(text: str, mention: Mention, words: Container[str]) -> Mention:
    """A mention of a company that no list knows, with its words whole; as it is, where it looks like no name.

    A single common word is no name, even with a capital: it may begin the sentence, or stand in title case.
    """
    span = name_span(text, mention.start, mention.end)
    if span is None:
        return mention
    start, end = span
    name = text[start:end]
    entity = unknown_id(name)
    if not entity or entity.removeprefix(PROVISIONAL) in words:
        return mention
    unsure = mention.confidence < PROVISIONAL_FROM
    return msgspec.structs.replace(mention, start=start, end=end, text=name, entity=entity, unsure=unsure)


def _mention(text: str, match: Match, sentiment: Triple) -> Mention:
    negative, neutral, positive = sentiment
    return Mention(
        start=match.start,
        end=match.end,
        text=text[match.start : match.end],
        confidence=0.0,
        negative=negative,
        neutral=neutral,
        positive=positive,
        entity=match.entity,
    )
