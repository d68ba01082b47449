"""When training is due, and what a person is told; and what a candidate then learns from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.learning.data.examples import Example
from monitor.learning.data.replaying import is_held_out, mixed, without_relatives
from monitor.learning.deciding.drift import CalibrationShift, InputShift, ShareShift
from monitor.learning.deciding.retraining import (
    CalibrationDecay,
    Decision,
    EnoughLabels,
    Evidence,
    InputDrift,
    Retrain,
    RetrainingRules,
    ShareDrift,
    TooOld,
    Wait,
    decide,
)

NOW = datetime(2024, 5, 1, 4, tzinfo=UTC)
RULES = RetrainingRules()
DECAYED = CalibrationShift(ece=0.21, expected=0.02, limit=0.09, labels=180)
CHANGED = InputShift(accuracy=0.8, p_value=1e-40, texts=1000)
MOVED = ShareShift(psi=0.4, p_value=1e-20, reference=1000, recent=1000)
CALM: dict[str, Any] = {
    "inputs": InputShift(accuracy=0.58, p_value=1e-6, texts=1000),  # certain, and small
    "shares": {"topic": ShareShift(psi=0.05, p_value=1e-5, reference=1000, recent=1000)},
    "calibration": {"topic": CalibrationShift(ece=0.1, expected=0.02, limit=0.2, labels=30)},
}


def _decide(new: int = 200, age_days: float = 40.0, **changes: Any) -> Decision:
    fields = CALM | {"labels_since_attempt": new} | changes
    return decide(Evidence(made_at=NOW - timedelta(days=age_days), new_labels=new, **fields), RULES, NOW)


def test_without_a_reason_it_waits_and_says_what_for() -> None:
    assert str(_decide(new=42)) == "Nothing calls for training: 42 of 500 labels, no drift."


@pytest.mark.parametrize(
    ("changes", "reason", "sentence"),
    [
        ({"new": 500}, EnoughLabels(500, 500), "500 labels are new since the champion was made, and 500 are enough."),
        (
            {"calibration": {"topic": DECAYED}},
            CalibrationDecay("topic", DECAYED),
            "The topic probabilities are no longer honest: their calibration error is 0.210 on 180 new labels, "
            "where at most 0.090 is chance.",
        ),
        (
            {"inputs": CHANGED},
            InputDrift(CHANGED),
            "The news has changed: 80% of 1,000 stories can be told from those of the champion's first weeks "
            "(p = 1e-40).",
        ),
        (
            {"shares": {"sentiment": MOVED}},
            ShareDrift("sentiment", MOVED),
            "The shares of the sentiments have moved: their stability index is 0.40 over 1,000 recent stories "
            "(p = 1e-20).",
        ),
        ({"age_days": 181}, TooOld(181.0, 180.0), "The champion is 181 days old, and 180 are the limit."),
    ],
)
def test_each_reason_is_one_sentence(changes: dict[str, Any], reason: Any, sentence: str) -> None:
    decision = _decide(**changes)
    assert decision == Retrain(reason)
    assert str(decision) == sentence


def test_a_large_shift_of_few_texts_is_chance() -> None:
    assert isinstance(_decide(inputs=InputShift(accuracy=0.75, p_value=0.02, texts=20)), Wait)
    assert isinstance(_decide(shares={"topic": ShareShift(psi=0.5, p_value=0.04, reference=900, recent=40)}), Wait)


def test_drift_without_labels_asks_for_labels() -> None:
    decision = _decide(new=12, inputs=CHANGED)
    assert isinstance(decision, Wait)
    assert decision.pressing == InputDrift(CHANGED)
    assert str(decision).endswith("Yet only 12 labels are new, and training needs 200: label more.")


def test_the_same_labels_are_not_tried_every_night() -> None:
    tried: dict[str, Any] = {"last_attempt_at": NOW - timedelta(days=1)}
    waiting = _decide(new=700, labels_since_attempt=99, **tried)
    assert str(waiting).startswith("The attempt of 2024-04-30 was refused, and since then only 99 of the 100 labels")
    assert isinstance(_decide(new=700, labels_since_attempt=100, **tried), Retrain)
    overthrown = _decide(new=700, labels_since_attempt=99, last_attempt="promoted", **tried)
    assert str(overthrown).startswith("The attempt of 2024-04-30 was promoted but serves no more, and since then only")


def test_a_draw_of_the_old_keeps_what_is_rare() -> None:
    old = [Example(f"common {n}", topic=0) for n in range(500)] + [Example(f"rare {n}", topic=1) for n in range(5)]
    new = [Example(f"fresh {n}", topic=2) for n in range(10)]
    learnt = mixed(new, old, per_new=2.0, seed=3)
    assert [sum(example.topic == topic for example in learnt) for topic in range(3)] == [15, 5, 10]
    assert mixed(new, old, per_new=2.0, seed=3) == learnt


def test_a_new_label_wins_over_the_old_one_of_the_same_text() -> None:
    learnt = mixed([Example("Oil falls", topic=6)], [Example("OIL falls!", topic=1), Example("b", topic=0)], 5.0, 0)
    assert {(example.text, example.topic) for example in learnt} == {("Oil falls", 6), ("b", 0)}


def test_a_rewording_of_a_held_out_text_does_not_train() -> None:
    story = "the regional bank said on friday that it would sell its loan book to raise capital"
    examples = [Example(story + " today", topic=1), Example("Gold rises", topic=10)]
    assert without_relatives(examples, [story]) == [examples[1]]


def test_what_is_held_out_stays_so_whatever_its_case_and_links() -> None:
    texts = [f"Bank {n} cuts its forecast" for n in range(1000)]
    held_out = [is_held_out(text) for text in texts]
    assert 150 < sum(held_out) < 250
    assert held_out == [is_held_out(text.upper() + "! https://example.com/x") for text in texts]
