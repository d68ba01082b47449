"""Aliases by rule: what a company is called, and how far each name is trusted."""

from __future__ import annotations

import pytest

from monitor.entities.aliases import Trust, aliases_of, known_ambiguity
from monitor.entities.entity import Entity


def found(name: str, *aliases: str, without: tuple[str, ...] = ()) -> dict[str, Trust]:
    entity = Entity(id="x", name=name, aliases=aliases)
    return {alias.text: alias.trust for alias in aliases_of(entity, known_ambiguity(), without)}


@pytest.mark.parametrize(
    ("name", "alias"),
    [
        ("Tesla, Inc.", "Tesla"),
        ("The Hershey Company", "Hershey Company"),
        ("Micron Technology", "Micron"),
        ("Brenntag Holdings Group plc", "Brenntag"),
        ("Smith & Nephew", "Smith and Nephew"),
        ("McDonald's", "McDonalds"),
        ("Rio Tinto (corporation)", "Rio Tinto (corporation)"),
    ],
)
def test_a_rule_finds_the_short_name(name: str, alias: str) -> None:
    assert alias in found(name)


@pytest.mark.parametrize("name", ["Applied Materials", "Mitsubishi Corporation", "First Bancorp", "Deutsche Bank"])
def test_a_beginning_that_names_many_is_no_alias(name: str) -> None:
    assert name.split()[0] not in found(name)


def test_what_is_not_wanted_is_left_out() -> None:
    assert "Thomson" in found("Thomson plc")
    assert "Thomson" not in found("Thomson plc", without=("Thomson",))


@pytest.mark.parametrize(
    ("name", "alias", "trust"),
    [
        ("Tesla, Inc.", "Tesla", Trust.SURE),
        ("Apple Inc.", "Apple", Trust.WORD),
        ("Apple Inc.", "Apple Inc.", Trust.SURE),
        ("Ford Motor Company", "Ford", Trust.NAME),
        ("IBM", "IBM", Trust.ACRONYM),
        ("FIS", "FIS", Trust.WORD),
        ("Ciena Networks", "Ciena", Trust.SHORT),
    ],
)
def test_trust_follows_what_else_a_name_means(name: str, alias: str, trust: Trust) -> None:
    assert found(name)[alias] is trust


def test_an_entity_that_says_so_is_ambiguous() -> None:
    entity = Entity(id="x", name="Quillon", ambiguous=True)
    assert [alias.trust for alias in aliases_of(entity, known_ambiguity())] == [Trust.NAME]
