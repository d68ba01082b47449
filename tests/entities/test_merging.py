"""When two entities are one."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.entities.entity import Entity
from monitor.entities.gazetteer import Gazetteer
from monitor.entities.merging import ListedNames, Merge, MergeReason, merges
from monitor.entities.names import provisional_id

LISTED = ListedNames(
    Gazetteer(
        [
            Entity(id="boeing", name="Boeing", aliases=("Boeing Commercial Airplanes",)),
            Entity(id="apple", name="Apple Inc."),
        ]
    )
)


def unknown(*names: str) -> list[Entity]:
    return [Entity(id=provisional_id(name), name=name) for name in names]


def found(*names: str) -> set[tuple[str, str, MergeReason, bool]]:
    return {(merge.entity, merge.into, merge.reason, merge.certain) for merge in merges(unknown(*names), LISTED)}


def test_one_that_a_list_knows_by_now_goes_there() -> None:
    assert found("Boeing Commercial Airplanes") == {
        ("~boeing-commercial-airplanes", "boeing", MergeReason.LISTED, True)
    }


def test_a_name_of_ones_own_goes_before_a_listed_one() -> None:
    listed, own = Entity(id="boeing", name="Boeing"), Entity(id="harbour", name="Harbour", aliases=("Boeing",))
    assert ListedNames(Gazetteer([listed, own])).owner("Boeing") is None
    assert ListedNames(Gazetteer([listed, own], own=["harbour"])).owner("Boeing") == "harbour"


def test_a_name_that_also_means_something_else_goes_nowhere() -> None:
    assert found("Apple", "Carillion") == set()


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (
            ("Harland Wolff", "Harland Wolff Industries"),
            ("~harland-wolff-industries", "~harland-wolff", "shorter", True),
        ),
        (("Tingo", "Tingo Foods"), ("~tingo-foods", "~tingo", "shorter", False)),
        (("PacWest", "PacWest Bancorp"), ("~pacwest-bancorp", "~pacwest", "shorter", False)),
        (("Harland Wolff", "Harland Wolff Brands"), ("~harland-wolff-brands", "~harland-wolff", "shorter", False)),
        (("Carillion", "Carilion"), ("~carillion", "~carilion", "spelling", False)),
        (("Wirecard", "Wriecard"), ("~wriecard", "~wirecard", "spelling", False)),
        (("British Home Stores", "BHS"), ("~bhs", "~british-home-stores", "initials", False)),
    ],
)
def test_names_that_look_alike(names: tuple[str, str], expected: tuple[str, str, str, bool]) -> None:
    assert found(*names) == {expected}


def test_what_would_go_into_one_that_goes_elsewhere_for_sure_goes_there_at_once() -> None:
    assert found("Acme Delta", "Acme Delta Bank", "Acme Delta Bank Media") == {
        ("~acme-delta-bank", "~acme-delta", MergeReason.SHORTER, True),
        ("~acme-delta-bank-media", "~acme-delta", MergeReason.SHORTER, True),
    }


@pytest.mark.parametrize(
    "names",
    [
        ("Delta Corp", "Delta Lloyd"),
        ("Nikola", "Nokia"),
        ("Abcd", "Abce"),
        ("Fund 12 Capital", "Fund 13 Capital"),
        ("Thomas Cook", "Thomas Crook Brothers"),
        ("Evergrande", "Country Garden"),
    ],
)
def test_different_names_stay_apart(names: tuple[str, str]) -> None:
    assert found(*names) == set()


NAMES = st.lists(
    st.lists(
        st.sampled_from(["Alder", "Aldar", "Birch", "Bank", "Energy", "Foods", "Cedar"]), min_size=1, max_size=3
    ).map(" ".join),
    max_size=8,
)


@given(names=NAMES, seed=st.randoms(use_true_random=False))
def test_order_does_not_matter_and_nothing_goes_in_circles(names: list[str], seed: Random) -> None:
    entities = list({entity.id: entity for entity in unknown(*names)}.values())
    expected = merges(entities, LISTED)
    shuffled = list(entities)
    seed.shuffle(shuffled)
    assert merges(shuffled, LISTED) == expected
    into = {merge.entity: merge.into for merge in expected}
    for start in into:
        seen, place = set[str](), start
        while place in into:
            assert place not in seen
            seen.add(place)
            place = into[place]
    assert all(isinstance(merge, Merge) and merge.entity.startswith("~") for merge in expected)
