"""Finds known companies in a text: an Aho-Corasick automaton over all aliases, then the evidence around each find.

The automaton runs over the folded text, in which every mark is a space, so an alias between two spaces stands on token
boundaries and costs no check. Most texts hold no alias that is in doubt; only for those is the context looked at.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from enum import StrEnum
from itertools import chain
from typing import Any, Final

import ahocorasick
import msgspec

from monitor.entities.aliases import Alias, Ambiguity, Sense, Trust, all_aliases, known_ambiguity
from monitor.entities.context import ACCEPT, REJECT, Casing, Weight, casing_of, is_before_place, weigh
from monitor.entities.entity import Entity
from monitor.entities.gazetteer import Gazetteer
from monitor.entities.names import FOLD, fold
from monitor.entities.tickers import Tickers
from monitor.entities.vocabulary import GENERIC_TRADE, TITLES

_LEGAL_TAIL: Final = re.compile(
    r"(?:,?\s(?:&\s)?(?:Inc|Corp|Corporation|Co|Cos|Company|Companies|Plc|plc|PLC|Ltd|LTD|Limited|AG|SE|SA|NV|AB|ASA|Oyj|SpA|Group|Holdings|Holding)"
    r"(?:\.(?=\s|$|,|')|(?!\w)))+"
)
_WORD: Final = re.compile(r"[^\W_]+")
_JOINTS: Final = frozenset((",", "and", "&", "/", "or", ", and", "vs", ", or", "versus", ";"))
_WITHOUT_SPACES: Final = re.compile("[\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
"""Letters of Chinese, Japanese and Korean, as they are and as they are folded."""
_NO_SENSE: Final = Sense()
_TICKER_SCORE: Final = 5.0
_KNOWN_SCORE: Final = 3.0
"""What it counts for that the same text names the company beyond doubt elsewhere."""
_LISTED_SCORE: Final = 2.0
"""What it counts for to stand in a row with a company."""
_TIE: Final = 0.25


class Verdict(StrEnum):
    """Whether the company is meant."""

    ACCEPTED = "accepted"
    OPEN = "open"
    REFUSED = "refused"


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of text that may name a known entity.

    Attributes:
        start: First character.
        end: The character after the last.
        entity: Id.
        alias: The alias or the ticker that stands there.
        verdict: Whether the entity is meant.
        score: Sum of the evidence; 0 or more where none was needed.
        reasons: The evidence; empty where none was needed.
        tied: Whether as much speaks for another entity of the same name.
    """

    start: int
    end: int
    entity: str
    alias: str
    verdict: Verdict
    score: float
    reasons: tuple[Weight, ...] = ()
    tied: bool = False


class _Entry(msgspec.Struct, frozen=True):
    """What one key of the automaton stands for; no alias: a phrase that names no company."""

    length: int
    aliases: tuple[tuple[Alias, tuple[int, ...]], ...]


class _Found(msgspec.Struct):
    start: int
    end: int
    aliases: list[Alias]


class Matcher:
    """Finds the entities of a gazetteer. Thread-safe once made; the same text gives the same matches."""

    def __init__(self, gazetteer: Gazetteer, ambiguity: Ambiguity | None = None) -> None:
        """Builds the automaton: some tenths of a second.

        Args:
            gazetteer: What is known.
            ambiguity: What names mean beside; by default what ships with this package.
        """
        self.gazetteer = gazetteer
        self.ambiguity = ambiguity or known_ambiguity()
        self.tickers = Tickers(gazetteer)
        self._prominence = {entity.id: entity.prominence for entity in gazetteer}
        self._trade = {entity.id: _trade_of(entity) for entity in gazetteer}
        self._automaton = _automaton([*all_aliases(gazetteer, self.ambiguity), *self._bare_tickers()], self.ambiguity)

    def match(self, text: str) -> list[Match]:
        """Entities that a text names, accepted or open, in the order in which they stand there; no two overlap."""
        return [match for match in self.explain(text) if match.verdict is not Verdict.REFUSED]

    def explain(self, text: str) -> list[Match]:
        """Like `match`, with what was refused, and why."""
        folded = f" {text.translate(FOLD)} "
        found = _leftmost_longest(self._candidates(text, folded))
        matches = [
            Match(
                start=start,
                end=end,
                entity=entity,
                alias=text[start:end],
                verdict=Verdict.ACCEPTED,
                score=_TICKER_SCORE,
            )
            for start, end, entity in self.tickers.find(text)
        ]
        words: frozenset[str] | None = None
        for candidate in found:
            if not candidate.aliases:
                continue
            alias = candidate.aliases[0]
            if len(candidate.aliases) == 1 and self._is_plain(alias):
                matches.append(_plain(alias, text, candidate))
            else:
                words = words if words is not None else frozenset(folded.split())
                matches.append(self._weighed(text, candidate, words))
        if len(matches) > 1:
            matches = _reconsidered(_without_overlaps(matches), text)
        return [_with_legal_form(match, text) for match in matches]

    def _candidates(self, text: str, folded: str) -> list[_Found]:
        found = []
        ends = self._automaton.iter(folded)
        if not text.isascii() and _WITHOUT_SPACES.search(folded):
            # Between such letters and others there is no space either.
            ends = chain(ends, self._automaton.iter(_WITHOUT_SPACES.sub(" ", folded)))
        for last, entry in ends:
            start = last - entry.length + 1
            surface = text[start : last - 1]
            if not entry.aliases:
                if _is_contradicted(surface) and casing_of(text, start, last - 1) is Casing.SENTENCE:
                    continue
                found.append(_Found(start, last - 1, []))
                continue
            aliases = [alias for alias, capitals in entry.aliases if _is_cased(alias, capitals, surface, text)]
            if aliases:
                found.append(_Found(start, last - 1, aliases))
        return found

    def _is_plain(self, alias: Alias) -> bool:
        return alias.trust is Trust.SURE and fold(alias.text).strip() not in self.ambiguity.senses

    def _weighed(self, text: str, candidate: _Found, words: frozenset[str]) -> Match:
        span = candidate.start, candidate.end
        bracketed = self.tickers.after(text, candidate.end)
        weighed = [
            (
                alias,
                weigh(
                    alias,
                    text,
                    span,
                    words=words,
                    trade=self._trade.get(alias.entity, frozenset()),
                    sense=self.ambiguity.senses.get(fold(alias.text).strip(), _NO_SENSE),
                    bracketed=bracketed,
                    prominence=self._prominence.get(alias.entity, 1),
                ),
            )
            for alias in candidate.aliases
        ]
        weighed.sort(key=lambda pair: -pair[1].score)
        alias, evidence = weighed[0]
        score = evidence.score
        tied = len(weighed) > 1 and weighed[1][1].score > score - _TIE
        verdict = _verdict(min(score, ACCEPT - _TIE) if tied else score)
        return Match(
            start=span[0],
            end=span[1],
            entity=alias.entity,
            alias=alias.text,
            verdict=verdict,
            score=score,
            reasons=evidence.weights,
            tied=tied,
        )

    def _bare_tickers(self) -> Iterable[Alias]:
        for symbol, entity in self.tickers.bare():
            word = symbol.lower()
            if word not in self.ambiguity.words and word not in self.ambiguity.ticker_words:
                yield Alias(text=symbol, entity=entity, trust=Trust.ACRONYM, derived=True)


def _automaton(aliases: Iterable[Alias], ambiguity: Ambiguity) -> Any:
    entries: dict[str, list[tuple[Alias, tuple[int, ...]]]] = defaultdict(list)
    for phrase in ambiguity.phrases:
        entries[f" {phrase} "] = []
    for alias in aliases:
        folded = fold(alias.text)
        key = f" {folded.strip()} "
        # As it is found: without the marks around it.
        text = alias.text[len(folded) - len(folded.lstrip()) : len(folded.rstrip())]
        if all(other.entity != alias.entity for other, _ in entries[key]):
            entries[key].append((msgspec.structs.replace(alias, text=text), _capitals(text)))
    automaton = ahocorasick.Automaton()
    for key, entry in entries.items():
        automaton.add_word(key, _Entry(len(key), tuple(entry)))
    automaton.make_automaton()
    return automaton


def _capitals(text: str) -> tuple[int, ...]:
    """Places of the capitals that begin a word, and of all in initials that are else a title: DR Horton is no Dr."""
    return tuple(
        word.start() + place
        for word in _WORD.finditer(text)
        for place, letter in enumerate(word[0])
        if letter.isupper() and (not place or (word[0].isupper() and fold(word[0]) in TITLES))
    )


def _is_cased(alias: Alias, capitals: tuple[int, ...], surface: str, text: str) -> bool:
    """Whether the capitals fit: those of an acronym all, else the first of each word that has one."""
    if surface == alias.text:
        return True
    if alias.trust is Trust.ACRONYM or (alias.trust is Trust.WORD and alias.text.isupper()):
        return False
    if all(surface[place].isupper() for place in capitals):
        return True
    if surface[1:] == alias.text[1:] and not surface[1:].islower():
        return True  # eBay, which the list spells EBay
    # A text without capitals says nothing by them.
    return surface.islower() and text.islower()


def _is_contradicted(phrase: str) -> bool:
    """Whether a phrase begins small and goes on with a capital: on Target is no "on target"."""
    first, *others = phrase.split()
    return first.islower() and any(word[0].isupper() for word in others)


def _leftmost_longest(found: list[_Found]) -> list[_Found]:
    if len(found) < 2:
        return found
    found.sort(key=lambda candidate: (candidate.start, -candidate.end))
    kept = [found[0]]
    for candidate in found[1:]:
        if candidate.start >= kept[-1].end:
            kept.append(candidate)
    return kept


def _plain(alias: Alias, text: str, candidate: _Found) -> Match:
    start, end = candidate.start, candidate.end
    refused = is_before_place(text, start, end) or text[end : end + 3] == ": @"
    return Match(
        start=start,
        end=end,
        entity=alias.entity,
        alias=alias.text,
        verdict=Verdict.REFUSED if refused else Verdict.ACCEPTED,
        score=0.0,
    )


def _without_overlaps(matches: list[Match]) -> list[Match]:
    matches.sort(key=lambda match: (match.start, -match.end))
    kept = [matches[0]]
    for match in matches[1:]:
        if match.start >= kept[-1].end:
            kept.append(match)
        elif kept[-1].verdict is not Verdict.ACCEPTED and match.verdict is Verdict.ACCEPTED:
            kept[-1] = match
    return kept


def _reconsidered(matches: list[Match], text: str) -> list[Match]:
    """Matches that are in doubt, with what the others say of them, until none of them says more."""
    judged = matches
    while True:
        certain = {match.entity for match in judged if match.verdict is Verdict.ACCEPTED}
        doubted = [
            place for place, match in enumerate(judged) if match.verdict is not Verdict.ACCEPTED and match.reasons
        ]
        if not (certain and doubted):
            return judged
        again = list(judged)
        for place in doubted:
            if said := _said_by_others(judged, place, text, certain):
                again[place] = _with(matches[place], said)
        if all(again[place].verdict is not Verdict.ACCEPTED for place in doubted):
            return again
        judged = again


def _said_by_others(matches: Sequence[Match], place: int, text: str, certain: Container[str]) -> list[Weight]:
    said = [Weight("named elsewhere in the text", _KNOWN_SCORE)] if matches[place].entity in certain else []
    listed = not matches[place].tied and _is_listed(matches, place, text)  # a row speaks for all namesakes alike
    return [*said, Weight("in a row with a company", _LISTED_SCORE)] if listed else said


def _is_listed(matches: Sequence[Match], place: int, text: str) -> bool:
    match = matches[place]
    before = matches[place - 1] if place else None
    after = matches[place + 1] if place + 1 < len(matches) else None
    return any(
        one.verdict is Verdict.ACCEPTED and text[left:right].strip() in _JOINTS
        for one, left, right in (
            *(((before, before.end, match.start),) if before else ()),
            *(((after, match.end, after.start),) if after else ()),
        )
    )


def _with(match: Match, more: Sequence[Weight]) -> Match:
    score = match.score + sum(weight.weight for weight in more)
    return msgspec.structs.replace(match, score=score, reasons=(*match.reasons, *more), verdict=_verdict(score))


def _verdict(score: float) -> Verdict:
    return Verdict.ACCEPTED if score >= ACCEPT else Verdict.OPEN if score >= REJECT else Verdict.REFUSED


def _with_legal_form(match: Match, text: str) -> Match:
    tail = _LEGAL_TAIL.match(text, match.end)
    return match if tail is None else msgspec.structs.replace(match, end=tail.end())


def _trade_of(entity: Entity) -> frozenset[str]:
    words = {word for word in fold(entity.industry).split() if len(word) > 2} - GENERIC_TRADE
    words -= set(fold(entity.name).split())
    plurals = {f"{word}s" for word in words if not word.endswith("s")}
    return frozenset(words | plurals | {word[:-1] for word in words if word.endswith("s") and len(word) > 4})
