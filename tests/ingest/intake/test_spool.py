"""The spool on disk: bounded, in order, and whole after any kill."""

from __future__ import annotations

import os
import resource
import struct
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import InputError
from monitor.ingest.intake.spool import Spool, SpoolFullError

ROOM = 1_000_000


def waiting(spool: Spool) -> list[bytes]:
    return [record for _, record in spool.pending()]


def reopened(folder: Path, *, limit: int = ROOM, segment: int = 200) -> list[bytes]:
    with Spool(folder, limit, segment_bytes=segment) as spool:
        return waiting(spool)


@contextmanager
def refused(what: int) -> Iterator[None]:
    """The system refuses a resource to this process: files that grow, as on a full disk, or files to open."""
    before = resource.getrlimit(what)
    resource.setrlimit(what, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(what, before)


def seconds_to_read(folder: Path, count: int) -> float:
    """Of CPU, for so many records, which lie there already."""
    folder.mkdir()
    record = struct.pack("<II", 1, zlib.crc32(b"x")) + b"x"
    (folder / f"{1:020}.spool").write_bytes(count * record)
    with Spool(folder, ROOM) as spool:
        begin = time.process_time()
        assert len(waiting(spool)) == count
        return time.process_time() - begin


def test_what_was_put_waits_in_order_until_it_is_acknowledged(tmp_path: Path) -> None:
    with Spool(tmp_path, ROOM) as spool:
        numbers = [spool.put(record) for record in (b"one", b"two", b"", b"four")]
        assert list(spool.pending()) == list(zip(numbers, (b"one", b"two", b"", b"four"), strict=True))
        assert (len(spool), spool.bytes_waiting) == (4, 10)
        spool.acknowledge(numbers[1])
        assert waiting(spool) == [b"", b"four"]
        spool.acknowledge(numbers[3])
        assert (len(spool), spool.bytes_waiting, waiting(spool)) == (0, 0, [])


def test_another_process_finds_what_waits_and_goes_on_with_larger_numbers(tmp_path: Path) -> None:
    with Spool(tmp_path, ROOM) as spool:
        last = [spool.put(bytes([number])) for number in range(5)][-1]
        spool.acknowledge(last - 2)
    with Spool(tmp_path, ROOM) as spool:
        assert waiting(spool) == [b"\x03", b"\x04"]
        assert spool.put(b"\x05") == last + 1


def test_a_full_spool_takes_nothing_until_something_left(tmp_path: Path) -> None:
    with Spool(tmp_path, 100) as spool:
        first = spool.put(b"x" * 60)
        assert spool.room
        with pytest.raises(SpoolFullError):
            spool.put(b"y" * 41)
        spool.put(b"z" * 40)
        assert not spool.room
        spool.acknowledge(first)
        spool.put(b"y" * 41)
        assert waiting(spool) == [b"z" * 40, b"y" * 41]


def test_a_record_larger_than_the_whole_is_taken_while_nothing_else_waits(tmp_path: Path) -> None:
    with Spool(tmp_path, 100) as spool:
        spool.put(b"x" * 500)
        with pytest.raises(SpoolFullError):
            spool.put(b"y")


def test_segments_that_were_acknowledged_leave_the_disk(tmp_path: Path) -> None:
    with Spool(tmp_path, ROOM, segment_bytes=100) as spool:
        numbers = [spool.put(b"x" * 92) for _ in range(10)]
        assert len(list(tmp_path.glob("*.spool"))) == 10
        spool.acknowledge(numbers[7])
        assert len(list(tmp_path.glob("*.spool"))) == 2
        spool.acknowledge(numbers[9])
        assert not list(tmp_path.glob("*.spool"))


def test_each_record_that_waits_is_as_cheap_to_read_however_many_there_are(tmp_path: Path) -> None:
    few, many = seconds_to_read(tmp_path / "few", 2_000), seconds_to_read(tmp_path / "many", 20_000)
    assert many < 30 * few  # Ten times as much is right; the rest is for a busy machine.


def test_on_a_full_disk_what_was_acknowledged_leaves_it_and_does_not_come_again(tmp_path: Path) -> None:
    with Spool(tmp_path, ROOM, segment_bytes=100) as spool:
        numbers = [spool.put(bytes([number]) * 92) for number in range(3)]
        with refused(resource.RLIMIT_FSIZE):
            spool.acknowledge(numbers[1])
        assert waiting(spool) == [b"\x02" * 92]
        assert len(list(tmp_path.glob("*.spool"))) == 1
    assert reopened(tmp_path) == [b"\x02" * 92]


@pytest.mark.parametrize("what", [resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE])
def test_a_record_that_cannot_be_written_is_refused_and_the_next_one_is_taken(tmp_path: Path, what: int) -> None:
    with Spool(tmp_path, ROOM, segment_bytes=100) as spool:
        spool.put(b"x" * 92)
        with refused(what), pytest.raises(SpoolFullError):
            spool.put(b"y" * 92)
        spool.put(b"z" * 92)
    assert reopened(tmp_path) == [b"x" * 92, b"z" * 92]


def test_two_processes_cannot_have_the_same_spool(tmp_path: Path) -> None:
    with Spool(tmp_path, ROOM), pytest.raises(InputError, match="another ingest"):
        Spool(tmp_path, ROOM)
    with Spool(tmp_path, ROOM) as spool:
        spool.put(b"free again")


def test_an_acknowledgement_that_was_lost_brings_records_again_and_loses_none(tmp_path: Path) -> None:
    with Spool(tmp_path, ROOM) as spool:
        spool.acknowledge([spool.put(b"one"), spool.put(b"two")][0])
    (tmp_path / "acknowledged").write_text("", encoding="ascii")
    assert reopened(tmp_path) == [b"one", b"two"]


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=8), st.data())
def test_a_tail_that_was_cut_anywhere_costs_only_records_of_which_put_had_not_returned(
    tmp_path_factory: pytest.TempPathFactory, records: list[bytes], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("torn")
    with Spool(folder, ROOM, segment_bytes=100) as spool:
        for record in records:
            spool.put(record)
    *_, last = sorted(folder.glob("*.spool"))
    size = last.stat().st_size
    kept = data.draw(st.integers(0, size), label="bytes of the last segment on the disk")
    os.truncate(last, kept)
    found = reopened(folder)
    assert found == records[: len(found)]
    lost = sum(len(record) + 8 for record in records[len(found) :])
    assert lost == 0 if kept == size else lost >= size - kept
    assert reopened(folder) == found


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("put"), st.binary(max_size=30)),
            st.tuples(st.just("acknowledge"), st.integers(0, 3)),
            st.tuples(st.just("reopen"), st.none()),
        ),
        max_size=25,
    )
)
def test_it_behaves_like_a_queue_whatever_is_done_to_it(
    tmp_path_factory: pytest.TempPathFactory, actions: list[tuple[str, object]]
) -> None:
    folder = tmp_path_factory.mktemp("queue")
    model: list[tuple[int, bytes]] = []
    spool = Spool(folder, ROOM, segment_bytes=60)
    for action, value in actions:
        match action, value:
            case "put", bytes(record):
                model.append((spool.put(record), record))
            case "acknowledge", int(count) if count and model:
                spool.acknowledge(model[min(count, len(model)) - 1][0])
                model = model[count:]
            case "reopen", _:
                spool.close()
                spool = Spool(folder, ROOM, segment_bytes=60)
        assert list(spool.pending()) == model
        assert spool.bytes_waiting == sum(len(record) for _, record in model)
    spool.close()


def test_a_file_of_another_name_in_the_folder_is_no_segment(tmp_path: Path) -> None:
    (tmp_path / "copy.spool").write_bytes(b"x")
    with Spool(tmp_path, ROOM) as spool:
        spool.put(b"one")
    assert reopened(tmp_path) == [b"one"]
    assert (tmp_path / "copy.spool").exists()
