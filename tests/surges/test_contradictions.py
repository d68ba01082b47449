"""Two alike texts that say different things are told apart, and two that say one thing differently are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.surges.contradictions import contradict, facts


@pytest.mark.parametrize(
    ("one", "other", "verdict"),
    [
        ("Profit up 6% at Acme", "Profit up 8% at Acme", "figures"),
        ("Acme second-quarter sales top views", "Acme Q3 sales top views", "figures"),
        (
            "Acme sells 12 ferries. Crews were told on Friday.",
            "Acme sells 19 ferries. Crews were told on Friday.",
            "figures",
        ),
        ("Tin jumps as Chile delays quotas", "Tin falls as Chile delays quotas", "direction"),
        ("Acme opens a plant in Ohio", "Acme closes a plant in Ohio", "direction"),
        ("Harbor Trust raises its dividend", "Harbor Trust cuts its dividend", "direction"),
        ("Court approves the sale of Harbor Trust", "Court rejects the sale of Harbor Trust", "direction"),
        ("Acme in talks to merge with Bolt Marine", "Acme ends talks to merge with Bolt Marine", "direction"),
        ("Acme says it will not sell its ferries", "Acme says it will sell its ferries", "direction"),
        ("Oil slides as the dollar climbs", "Oil climbs as the dollar slides", None),
        ("Profit doubles as fuel costs ease", "Profit slumps as fuel costs mount", "direction"),
        ("Storm damages the wheat crop in Iowa", "Storm damages the corn crop in Iowa", "kind"),
        ("Acme names a new CFO from Bolt", "Acme names a new COO from Bolt", "kind"),
        ("Inflation in Chile cools for a while", "Inflation in Peru cools for a while", "kind"),
        ("Fed's Waller says no rush to ease", "Fed's Bowman says no rush to ease", "names"),
        ("Acme lists its ferries in Hong Kong", "Acme lists its ferries in London", "kind"),
        ("Former Acme boss charged over ferry fraud", "Former Acme boss jailed over ferry fraud", "kind"),
        ("Harbor Trust files for Chapter 11", "Harbor Trust exits Chapter 11", "kind"),
        ("Acme agrees 3 bln merger with Bolt", "Acme completes 3 bln merger with Bolt", "kind"),
        ("Acme grounds ferries after cracks found", "Acme returns ferries to service after repairs", "direction"),
        ("Members vote for a merger of Harbor Trust", "Members vote against a merger of Harbor Trust", "direction"),
        ("General Tin warns of a loss in Ohio", "Bolt Marine warns of a loss in Ohio", "names"),
    ],
)
def test_texts_contradict_each_other(one: str, other: str, verdict: str | None) -> None:
    assert contradict(facts(one), facts(other)) == verdict
    assert contradict(facts(other), facts(one)) == verdict


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Acme earns $1.2 billion", "Acme earned 1,200 mln dollars"),
        ("Rate raised by 25 basis points", "Rate raised by 0.25 percent"),
        ("Recalls forty-one ovens", "Recalls 41 ovens"),
        ("Acme to shut its plant in Ohio", "Ohio plant to close, says Acme"),
        ("Best week since 2008 for ferries", "Biggest weekly gain in 16 years for ferries"),
        ("Acme files for protection in the United States", "Acme files for protection in U.S."),
        ("The Bank of Mexico holds rates steady", "Mexican policymakers keep rates where they are"),
        ("Harbor Trust to sell its ferries to Bolt, lease them back", "Bolt buys boats of Harbor's"),
        ("Traders expect a rate hike", "Traders see rates cut after a surprise rate hike"),
        ("They tell us of Acme's troubles in France", "Acme in trouble in France"),
        ("General Tin warns of a loss in Ohio", "GT warns of a loss in Ohio"),
        ("United Ferry Service cuts jobs after Acme leaves", "UFS cuts jobs after Acme leaves"),
    ],
)
def test_one_thing_said_differently_is_no_contradiction(one: str, other: str) -> None:
    assert contradict(facts(one), facts(other)) is None
    assert contradict(facts(other), facts(one)) is None


@pytest.mark.parametrize("name", ["Яндекс", "Ωμέγα", "Ø", "Ł", "О’Яндекс", "Møller"])
@pytest.mark.parametrize("mark", ["'s", "’s"])
def test_a_name_in_other_letters_is_the_same_with_a_possessive(name: str, mark: str) -> None:
    owned = facts(f"{name}{mark} Gas profit rises 10%")
    assert owned.sentences[0].names == facts(f"{name} Gas profit rises 10%").sentences[0].names != frozenset()
    assert contradict(owned, owned) is None


def test_an_added_sentence_and_a_cut_end_contradict_nothing() -> None:
    whole = "Acme recalls 41 ovens after fires. The agency said so on Friday."
    for other in (f"A spokesman declined to comment. {whole}", whole[:40], f"{whole} Shares fell 3% in New York."):
        assert contradict(facts(whole), facts(other)) is None


@given(st.text(max_size=200), st.text(max_size=200))
def test_the_verdict_is_the_same_from_both_sides_and_nothing_contradicts_itself(one: str, other: str) -> None:
    assert contradict(facts(one), facts(one)) is None
    assert (contradict(facts(one), facts(other)) is None) == (contradict(facts(other), facts(one)) is None)
