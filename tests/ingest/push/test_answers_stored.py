"""Answers that outlive the process that gave them."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

import pytest

from monitor.clock import EPOCH
from monitor.errors import StoreError
from monitor.ingest.push.answers_kept import LIFETIME, AnswersInMemory, KeptAnswer
from monitor.ingest.push.answers_stored import AnswersStored

HOUR = timedelta(hours=1)


class Shelf:
    """A store in a dictionary, which can be away."""

    def __init__(self) -> None:
        self.kept: dict[str, KeptAnswer] = {}
        self.away = False

    def answers(self, since: datetime) -> list[tuple[str, KeptAnswer]]:
        return [(key, kept) for key, kept in self.kept.items() if kept.claimed_at >= since]

    def keep(self, key: str, answer: KeptAnswer, forget_before: datetime) -> None:
        if self.away:
            raise StoreError("The store is away.", "Start it.")
        self.kept = {k: v for k, v in self.kept.items() if v.claimed_at >= forget_before} | {key: answer}


def answered(answers: AnswersStored, key: str, now: datetime, body: bytes = b"{}") -> None:
    assert answers.claim(key, "f", now) is None
    answers.keep(key, 202, body)


def test_what_was_answered_is_known_after_a_restart() -> None:
    shelf = Shelf()
    answered(AnswersStored(shelf, EPOCH), "k", EPOCH, b"[1]")

    assert AnswersStored(shelf, EPOCH + HOUR).claim("k", "other", EPOCH + HOUR) == KeptAnswer(
        fingerprint="f", claimed_at=EPOCH, status=202, body=b"[1]"
    )


def test_a_request_that_a_kill_cut_short_may_be_tried_again_and_one_that_failed_too() -> None:
    shelf = Shelf()
    before = AnswersStored(shelf, EPOCH)
    before.claim("cut short", "f", EPOCH)
    before.claim("failed", "f", EPOCH)
    before.release("failed")

    assert before.claim("failed", "f", EPOCH) is None
    assert AnswersStored(shelf, EPOCH).claim("cut short", "f", EPOCH) is None


def test_a_day_is_a_day_also_over_a_restart() -> None:
    shelf = Shelf()
    answered(AnswersStored(shelf, EPOCH), "k", EPOCH)
    restarted = AnswersStored(shelf, EPOCH + 23 * HOUR)

    assert restarted.claim("k", "f", EPOCH + LIFETIME - timedelta(microseconds=1)) is not None
    assert restarted.claim("k", "f", EPOCH + LIFETIME) is None


def test_the_store_keeps_no_more_than_memory_does() -> None:
    shelf = Shelf()
    answers = AnswersStored(shelf, EPOCH, AnswersInMemory(max_bytes=10_000))
    for number in range(40):
        answered(answers, f"k{number}", EPOCH + number * HOUR / 10, Random(number).randbytes(1_480))

    assert set(shelf.kept) == {f"k{number}" for number in range(35, 40)}
    answered(answers, "much later", EPOCH + 9 * LIFETIME)
    assert set(shelf.kept) == {"much later"}


def test_while_the_store_is_away_answers_are_kept_in_memory_and_that_is_told(caplog: pytest.LogCaptureFixture) -> None:
    shelf = Shelf()
    answers = AnswersStored(shelf, EPOCH)
    shelf.away = True
    answered(answers, "k", EPOCH)

    kept = answers.claim("k", "f", EPOCH)
    assert kept is not None
    assert kept.status == 202
    assert "The store is away." in caplog.text
