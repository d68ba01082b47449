"""Joins what the model tags in a text with the companies that the gazetteer finds: each mention gets its entity."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Container, Sequence
from pathlib import Path
from typing import Final

import msgspec

from monitor.classify.engine import Engine, Scores
from monitor.classify.mentions import Mention, Span
from monitor.entities.gazetteer import load_gazetteer
from monitor.entities.matching import Match, Matcher, Verdict
from monitor.entities.names import PROVISIONAL, fold
from monitor.entities.relevance import relevance
from monitor.entities.similarity import Similarity
from monitor.entities.tickers import is_symbol_of_name
from monitor.entities.unknown import name_span, unknown_id
from monitor.entities.vocabulary import CONNECTORS, DETERMINERS, PLACES

PROVISIONAL_FROM: Final = 0.6
"""Confidence of a tag from which a mention of an unknown company makes a provisional entity.

Half of the names below it are none; those of entities that are known already nearly all are.
"""

_WORD: Final = re.compile(r"\S+")
_SMALL: Final = CONNECTORS | DETERMINERS

Triple = tuple[float, float, float]

NOTHING_SAID: Final[Triple] = (0.0, 1.0, 0.0)
"""The sentiment toward a company that the text names only behind the part that the model reads."""


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
        the text names, else with the engine's sentiment toward it. Where it stands behind the part that the model
        reads, it takes the mean of its mentions in that part; where there is none, it is neutral.

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
            said = [(match, toward.get((row, match.start))) for match in untagged]
            read = [*tagged, *(_mention(text, match, sentiment) for match, sentiment in said if sentiment)]
            unread = [_mention(text, match, _mean_toward(match.entity, read)) for match, known in said if not known]
            mentions = sorted([*read, *unread], key=lambda mention: (mention.start, mention.end))
            linked.append(with_relevance(mentions, len(text), title_length))
        return linked

    def _accepted(self, text: str, row: int, scores: Scores, engine: Engine) -> list[Match]:
        """What the text names, and what was refused (which alone must make no provisional entity)."""
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
        """By text and start, the sentiment toward each company that the model read and did not tag."""
        found: dict[tuple[int, int], Triple] = {}
        asked: list[tuple[int, Match]] = []
        rows = [row for row, (_, untagged) in enumerate(joined) if untagged]
        for row, end in zip(rows, engine.read_to([texts[row] for row in rows]), strict=True):
            tagged, untagged = joined[row]
            read = [match for match in untagged if match.start < end]
            if len({match.entity for match in untagged}) == 1 and not tagged:
                negative, neutral, positive = scores.sentiment_probabilities[row].tolist()
                found.update(((row, match.start), (negative, neutral, positive)) for match in read)
            else:
                asked += ((row, match) for match in read)
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

    A mention gets the entity of the match that it shares most characters with. Where all that it touches were refused,
    it is a company that no list knows if its name goes on beyond them, else none.

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
            named = _unknown(text, mention, words, [matches[touch[2]] for touch in touching])
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


def _unknown(text: str, mention: Mention, words: Container[str], refused: Sequence[Match]) -> Mention:
    """A mention of a company that no list knows, with its words whole; as it is, where it looks like no name.

    A single common word is no name, even with a capital: it may begin the sentence, or stand in title case. Nor is a
    symbol in brackets: it says again whom the name before it means.
    """
    span = name_span(text, mention.start, mention.end)
    if span is None:
        return mention
    start, end = span
    if is_symbol_of_name(text, start, end):
        return mention
    name = text[start:end]
    own = _own_words(text, start, end)
    entity = unknown_id(name)
    if not entity or (len(own) < 2 and entity.removeprefix(PROVISIONAL) in words):
        return mention
    if refused and not _goes_on(text, own, refused):
        return mention
    unsure = mention.confidence < PROVISIONAL_FROM
    return msgspec.structs.replace(mention, start=start, end=end, text=name, entity=entity, unsure=unsure)


def _own_words(text: str, start: int, end: int) -> list[Span]:
    """The words of a name that have a capital, without articles and the like."""
    return [
        (start + word.start(), start + word.end())
        for word in _WORD.finditer(text[start:end])
        if word[0].lower() not in (word[0], *_SMALL)
    ]


def _goes_on(text: str, own: Sequence[Span], refused: Sequence[Match]) -> bool:
    """Whether a name is another than those refused within it: Yum China is not Yum, but Ford Stadium is a place."""
    beyond = [word for word in own if not any(_lies_in(word, match) for match in refused)]
    return bool(beyond) and fold(text[slice(*own[-1])]).strip() not in PLACES


def _lies_in(word: Span, match: Match) -> bool:
    # Not up to the match's end: a legal form or Group is no part of the alias that was refused.
    return word[0] < match.start + len(match.alias) and match.start < word[1]


def _mean_toward(entity: str, read: Sequence[Mention]) -> Triple:
    """The mean sentiment of an entity's mentions; of none, that nothing is said of it."""
    own = [mention for mention in read if mention.entity == entity]
    if not own:
        return NOTHING_SAID
    negative, neutral, positive = (
        round(sum(part) / len(own), 5)
        for part in zip(*((mention.negative, mention.neutral, mention.positive) for mention in own), strict=True)
    )
    return negative, neutral, positive


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
