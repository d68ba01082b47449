"""Every delivered item has one fate, however deliveries are repeated and batched."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.articles import Article, article_id
from monitor.classify.scored import UnscoredArticle
from monitor.records import DeadLetter
from tests.surges.ledgers import Ledger

START = datetime(2024, 5, 6, 9, 0, tzinfo=UTC)
Delivery = UnscoredArticle | DeadLetter


def delivered(name: str, position: int, second: int, source: str = "w") -> UnscoredArticle:
    article = Article(
        id=article_id(name), source=source, position=str(position), title=name,
        first_seen_at=START + timedelta(seconds=second),
    )  # fmt: skip
    return UnscoredArticle(article=article, reason="r.")


def refused(position: int, second: int, reason: str = "r.") -> DeadLetter:
    seen_at = START + timedelta(seconds=second)
    return DeadLetter(stage="ingest", reason=reason, source="w", position=str(position), seen_at=seen_at)


def seen_at(delivery: Delivery) -> datetime:
    return delivery.seen_at if isinstance(delivery, DeadLetter) else delivery.article.first_seen_at


@st.composite
def deliveries(draw: st.DrawFn) -> list[Delivery]:
    """Items one second apart, some of the same article, some broken; then any of them once more, later."""
    names = draw(st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=10))
    first: list[Delivery] = [delivered(n, p, p) if n else refused(p, p) for p, n in enumerate(names)]
    again = (
        draw(st.lists(st.tuples(st.sampled_from(range(len(names))), st.integers(0, 20)), max_size=6)) if names else []
    )
    for position, delay in again:
        name, second = names[position], position + delay
        first.append(delivered(name, position, second) if name else refused(position, second))
    return first


@settings(max_examples=200)
@given(deliveries(), st.lists(st.integers(0, 30), max_size=5), st.randoms())
def test_any_cut_into_ticks_any_order_and_any_redelivery_give_the_same_fates(
    stream: list[Delivery], cuts: list[int], random: Random
) -> None:
    whole = Ledger()
    whole.settle(stream)
    ledger = Ledger()
    edges = [START + timedelta(seconds=cut) for cut in sorted(cuts)]
    before = datetime.min.replace(tzinfo=UTC)
    for edge in [*edges, datetime.max.replace(tzinfo=UTC)]:
        batch = [delivery for delivery in stream if before <= seen_at(delivery) < edge]
        random.shuffle(batch)
        ledger.settle(batch)
        before = edge
    assert ledger.fates == whole.fates


@given(deliveries())
def test_counts_always_sum_to_the_items(stream: list[Delivery]) -> None:
    ledger = Ledger()
    ledger.settle(stream)
    items = {
        (d.source, d.position) if isinstance(d, DeadLetter) else (d.article.source, d.article.position) for d in stream
    }
    assert len(ledger.fates) == len(items)
    articles = {d.article.id for d in stream if isinstance(d, UnscoredArticle)}
    assert sum(fate == "new" for fate, _ in ledger.fates.values()) == len(articles)


@given(deliveries(), st.integers(1, 3))
def test_a_batch_that_comes_again_after_it_was_written_counts_nothing(stream: list[Delivery], times: int) -> None:
    ledger = Ledger()
    ledger.settle(stream)
    for _ in range(times):
        again = ledger.settle(stream)
        assert not again.new
        assert not again.duplicates


@given(deliveries(), st.randoms())
def test_a_batch_settles_the_same_in_any_order_of_reading(stream: list[Delivery], random: Random) -> None:
    mixed = list(stream)
    random.shuffle(mixed)
    assert Ledger().settle(mixed) == Ledger().settle(stream)


def test_the_first_seen_delivery_brings_the_article_and_others_repeat_it() -> None:
    settled = Ledger().settle([delivered("a", 2, 5), delivered("a", 1, 3), delivered("a", 1, 9, source="x")])
    assert [item.article.position for item in settled.new] == ["1"]
    assert [(duplicate.source, duplicate.position) for duplicate in settled.duplicates] == [("w", "2"), ("x", "1")]


def test_of_a_dead_letter_that_comes_twice_the_first_seen_one_is_kept() -> None:
    settled = Ledger().settle([refused(1, 5, "second."), refused(1, 3, "first.")])
    assert [letter.reason for letter in settled.dead_letters] == ["first."]
