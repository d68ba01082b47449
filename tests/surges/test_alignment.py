"""However partitions are read, a tick takes the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.records import Watermark
from monitor.surges.alignment import Alignment, Taken

START = datetime(2024, 5, 6, 9, 0, tzinfo=UTC)


def mark(minute: int, *, final: bool = False) -> Watermark:
    return Watermark(time=START + timedelta(minutes=minute), final=final)


@st.composite
def logs(draw: st.DrawFn) -> list[list[object]]:
    """Some partitions with the same watermarks, the last one final, and any records between them."""
    minutes = draw(st.integers(1, 5))
    partitions: list[list[object]] = []
    for number in range(draw(st.integers(1, 3))):
        log: list[object] = []
        for minute in range(1, minutes + 1):
            log += [f"{number}.{minute}.{place}" for place in range(draw(st.integers(0, 2)))]
            log.append(mark(minute, final=minute == minutes))
        partitions.append(log)
    return partitions


@st.composite
def interleavings(draw: st.DrawFn) -> tuple[list[list[object]], list[int]]:
    partitions = draw(logs())
    turns = [number for number, log in enumerate(partitions) for _ in log]
    return partitions, draw(st.permutations(turns))


def takes(partitions: list[list[object]], turns: list[int], every: int = 1) -> list[tuple[datetime, Taken]]:
    """Reads in that order, and takes what is ready after every so many messages and at the end."""
    alignment = Alignment(range(len(partitions)))
    next_offset = [0] * len(partitions)
    taken: list[tuple[datetime, Taken]] = []
    for count, number in enumerate(turns, 1):
        alignment.add(number, next_offset[number], partitions[number][next_offset[number]])
        next_offset[number] += 1
        ready = alignment.ready
        if ready is not None and (not taken or ready > taken[-1][0]) and (count % every == 0 or count == len(turns)):
            taken.append((ready, alignment.take(ready)))
    assert alignment.buffered == 0
    return taken


@given(interleavings())
def test_any_interleaving_of_the_partitions_gives_the_same_takes(case: tuple[list[list[object]], list[int]]) -> None:
    partitions, turns = case
    assert (
        takes(partitions, turns) == takes(partitions, sorted(turns, reverse=True)) == takes(partitions, sorted(turns))
    )


@given(interleavings(), st.integers(1, 9))
def test_looking_less_often_takes_the_same_in_larger_steps(
    case: tuple[list[list[object]], list[int]], every: int
) -> None:
    partitions, turns = case
    often, seldom = takes(partitions, turns), takes(partitions, turns, every)
    for time, taken in seldom:
        upto = [each for at, each in often if at <= time]
        assert taken.positions == upto[-1].positions
        assert taken.final == upto[-1].final
    for number in range(len(partitions)):
        flat = [
            [record for _, each in way for part, _, record in each.records if part == number] for way in (often, seldom)
        ]
        assert flat[0] == flat[1]


@given(interleavings())
def test_each_record_is_taken_once_with_the_first_watermark_behind_it(
    case: tuple[list[list[object]], list[int]],
) -> None:
    partitions, turns = case
    taken = takes(partitions, turns)
    for time, each in taken:
        minute = (time - START) // timedelta(minutes=1)
        assert all(str(record).split(".")[1] == str(minute) for _, _, record in each.records)
    assert sum(len(each.records) for _, each in taken) == sum(isinstance(r, str) for log in partitions for r in log)
    assert [each.final for _, each in taken] == [False] * (len(taken) - 1) + [True]
    assert taken[-1][1].positions == {number: len(log) for number, log in enumerate(partitions)}


@given(interleavings(), st.data())
def test_a_restart_from_the_positions_of_any_take_goes_on_with_the_same_takes(
    case: tuple[list[list[object]], list[int]], data: st.DataObject
) -> None:
    partitions, turns = case
    taken = takes(partitions, turns)
    kept = data.draw(st.integers(0, len(taken) - 1))
    positions = taken[kept][1].positions
    alignment = Alignment(range(len(partitions)))
    again: list[tuple[datetime, Taken]] = []
    for number, log in enumerate(partitions):
        for offset in range(positions[number], len(log)):
            alignment.add(number, offset, log[offset])
    if alignment.ready is not None:
        again.append((alignment.ready, alignment.take(alignment.ready)))
    rest = [record for _, each in taken[kept + 1 :] for record in each.records]
    assert sorted(record for _, each in again for record in each.records) == sorted(rest)


def test_nothing_is_ready_before_every_partition_has_told_the_time() -> None:
    alignment = Alignment([0, 1])
    alignment.add(0, 0, mark(1))
    assert alignment.ready is None
    assert alignment.ahead == {0}
    alignment.add(1, 0, mark(3))
    assert alignment.ready == mark(1).time
    assert alignment.ahead == {1}


def test_what_stands_behind_the_watermark_waits_for_the_next() -> None:
    alignment = Alignment([0])
    for offset, record in enumerate(["a", mark(1), "b", mark(2), "c"]):
        alignment.add(0, offset, record)
    assert alignment.take(mark(1).time) == Taken([(0, 0, "a")], {0: 2}, final=False)
    assert alignment.take(mark(2).time) == Taken([(0, 2, "b")], {0: 4}, final=False)
    assert alignment.buffered == 1


def test_a_watermark_that_goes_back_does_not_hold_time_up() -> None:
    alignment = Alignment([0, 1])
    for offset, record in enumerate([mark(2), "again", mark(1), "a", mark(3)]):
        alignment.add(0, offset, record)
    alignment.add(1, 0, mark(2))
    assert alignment.ready == mark(2).time
    assert [record for _, _, record in alignment.take(mark(2).time).records] == ["again"]


def test_a_line_whose_watermarks_stay_away_can_be_taken_as_it_is() -> None:
    alignment = Alignment([0, 1, 2])
    alignment.add(0, 4, "a")
    alignment.add(0, 5, mark(1))
    alignment.add(1, 7, "b")
    assert alignment.take_all() == Taken([(0, 4, "a"), (1, 7, "b")], {0: 6, 1: 8}, final=False)
    assert alignment.buffered == 0
    assert alignment.partitions == [0, 1, 2]
