"""One piece of news told by several sources: which of their texts count."""

from __future__ import annotations

import pytest

from monitor.ingest.shingles import shingles_of
from monitor.surges.advance import Sighting
from monitor.surges.core import SurgeCore
from monitor.surges.headlines import lead_of
from monitor.surges.near_duplicates import Fingerprint
from monitor.surges.rules import SurgeRules
from monitor.surges.series import ALL
from monitor.surges.windows import WindowCounts
from tests.surges.tables import at, sighting

WIRE = "Norland Bank shuts all branches as the regulator takes it over"
REPRINT = "Norland Bank shuts all branches as the regulator takes it over, by our staff"
OWN_WORDS = "Regulator seizes Norland Bank, whose branches stay closed"
THIRD = "Seized by its regulator: Norland Bank keeps branches closed"
MEANING = bytes([90, 3, 60, 7, 88, 20, 41, 100])
LOOSE = SurgeRules(story_likeness=0.9)


def text(name: str, words: str, source: str, minutes: float, *, negative: bool = False) -> Sighting:
    told = Fingerprint(text=words, shingles=shingles_of(words), embedding=MEANING, model_version="one")
    return sighting(
        name, at(minutes=minutes), title=words, source=source, negative=negative, fingerprint=told, topic="Banks"
    )


def counted(sightings: list[Sighting], rules: SurgeRules = LOOSE) -> tuple[WindowCounts, list[tuple[str, int]]]:
    """What counts in all news, and the chain and novelty of every text."""
    advance = SurgeCore(rules).advance(at(hours=1), sightings)
    rows = [row.timed for row in advance.minute_counts if row.series == ALL]
    members = [(entry.story_id, entry.novelty) for entry in advance.members.values()]
    return WindowCounts(sum(row.stories for row in rows), sum(row.negatives for row in rows)), members


def test_another_source_with_words_of_its_own_counts_and_says_so_of_its_own_text() -> None:
    total, members = counted([text("a", WIRE, "wire", 1), text("b", OWN_WORDS, "paper", 9, negative=True)])
    assert total == WindowCounts(2, 1)
    assert members == [("a", 100), ("b", 75)]


@pytest.mark.parametrize(
    ("words", "source"),
    [(REPRINT, "paper"), (WIRE, "paper"), (OWN_WORDS, "wire")],
    ids=["reprint", "same headline", "same source"],
)
def test_neither_a_reprint_nor_a_new_wording_of_the_same_source_counts(words: str, source: str) -> None:
    total, members = counted([text("a", WIRE, "wire", 1), text("b", words, source, 9)])
    assert total == WindowCounts(1, 0)
    assert members == [("a", 100), ("a", 75)]


def test_a_story_counts_so_often_at_most_whoever_else_tells_it() -> None:
    storm = [text(f"s{number}", THIRD, f"site {number}", 20 + number) for number in range(9)]
    several = [text("a", WIRE, "wire", 1), text("b", OWN_WORDS, "paper", 9), *storm]
    assert counted(several)[0].stories == 2
    three = LOOSE.model_copy(update={"tellings_per_story": 3})
    assert counted(several, three)[0].stories == 3
    assert counted(several, LOOSE.model_copy(update={"tellings_per_story": 1}))[0].stories == 1


def test_a_source_counts_once_however_often_it_finds_other_words() -> None:
    again = text("c", THIRD, "paper", 20)
    several = [text("a", WIRE, "wire", 1), text("b", OWN_WORDS, "paper", 9), again]
    assert counted(several, LOOSE.model_copy(update={"tellings_per_story": 5}))[0].stories == 2


def test_a_reprint_of_a_retelling_joins_its_chain() -> None:
    _, members = counted(
        [text("a", WIRE, "wire", 1), text("b", OWN_WORDS, "paper", 9), text("c", OWN_WORDS, "site", 12)]
    )
    assert members[2] == ("b", 56)


def test_of_words_that_nobody_kept_no_retelling_is_told() -> None:
    first = text("a", WIRE, "wire", 1)
    told = Fingerprint(text=OWN_WORDS, embedding=MEANING, model_version="one")
    second = sighting("b", at(minutes=9), title=OWN_WORDS, source="paper", fingerprint=told)
    assert counted([first, second])[0].stories == 1


@pytest.mark.parametrize("end", [" - {}", ": {}", " | {}"])
def test_a_company_at_the_end_of_a_headline_is_no_newspaper(end: str) -> None:
    """Their names are not compared, as a newspaper's would stand there; whom the texts are about tells them apart."""
    first, second, copy = (
        sighting(
            name,
            at(minutes=minutes),
            title=title,
            source=name,
            about=((company.lower(), True),),
            fingerprint=Fingerprint(text=lead_of(title), shingles=shingles_of(title)),
        )
        for minutes, name, company in ((1, "a", "Carillion"), (2, "b", "Boohoo"), (3, "c", "Carillion"))
        for title in ["Fitch cuts its long-term rating to junk" + end.format(company)]
    )
    _, members = counted([first, second, copy])
    assert [story for story, _ in members] == ["a", "b", "a"]
