"""Answers under a key: one request claims it, and memory is bounded."""

from __future__ import annotations

from datetime import timedelta

from monitor.clock import EPOCH
from monitor.ingest.push.answers_kept import LIFETIME, AnswersInMemory

HOUR = timedelta(hours=1)


def test_a_key_is_claimed_once_then_under_way_then_answered() -> None:
    answers = AnswersInMemory()
    assert answers.claim("k", "f", EPOCH) is None

    claimed = answers.claim("k", "f", EPOCH)
    assert claimed is not None
    assert claimed.under_way

    answers.keep("k", 202, b"{}")
    kept = answers.claim("k", "other", EPOCH + HOUR)
    assert kept is not None
    assert (kept.fingerprint, kept.status, kept.body) == ("f", 202, b"{}")


def test_a_released_key_is_free() -> None:
    answers = AnswersInMemory()
    answers.claim("k", "f", EPOCH)
    answers.release("k")
    answers.release("never claimed")

    assert answers.claim("k", "other", EPOCH) is None


def test_a_key_is_kept_for_its_lifetime_whatever_comes_later() -> None:
    answers = AnswersInMemory()
    for hour in range(24):
        answers.claim(f"k{hour}", "f", EPOCH + hour * HOUR)
        answers.keep(f"k{hour}", 202, b"")

    assert answers.claim("k0", "f", EPOCH + LIFETIME - timedelta(microseconds=1)) is not None
    assert answers.claim("k0", "f", EPOCH + LIFETIME) is None
    assert answers.claim("k1", "f", EPOCH + LIFETIME) is not None


def test_memory_is_bounded_and_the_oldest_answers_go_first() -> None:
    answers = AnswersInMemory(max_bytes=100_000)
    for number in range(300):
        answers.claim(f"k{number}", "f", EPOCH)
        answers.keep(f"k{number}", 202, bytes(1_000))

    assert answers.claim("k299", "f", EPOCH) is not None
    assert answers.claim("k250", "f", EPOCH) is not None
    assert answers.claim("k0", "f", EPOCH) is None


def test_an_answer_for_a_key_that_was_forgotten_is_dropped() -> None:
    answers = AnswersInMemory()
    answers.keep("k", 202, b"{}")

    assert answers.claim("k", "f", EPOCH) is None


def test_answers_of_a_day_at_the_allowed_rate_have_room() -> None:
    answers = AnswersInMemory(max_bytes=200_000)
    body = b'{"accepted":1000,"refused":0,"results":[' + b'{"index":7,"outcome":"new","accepted":true},' * 1_000 + b"]}"
    for number in range(100):
        answers.claim(f"k{number}", "f", EPOCH)
        answers.keep(f"k{number}", 202, body)

    kept = answers.claim("k0", "f", EPOCH)
    assert kept is not None
    assert kept.body == body
