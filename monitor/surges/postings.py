"""Which live stories have which marks: an inverted index that forgets a story as cheaply as it takes one in.

A mark has a place in a table for as long as some live story has it, so that what a text shares with a few stories is a
look into the table for all their marks at once. Numbers of stories grow by one; the oldest goes first.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]

_NUMBER: Final = "q"
_PLACE: Final = "i"
_PLACE_BYTES: Final = array(_PLACE).itemsize
_NUMBER_BITS: Final = 48
_END: Final = array(_NUMBER, [1 << _NUMBER_BITS])
"""After all numbers."""
_FIRST_TABLE: Final = 1_024
_FEW: Final = 16
_GONE_KEPT: Final = 32
"""Numbers of stories that are gone are cut off once they are more than those of live ones, and than this."""


class Posting(msgspec.Struct, gc=False, eq=False):
    """The live stories that have a mark.

    Attributes:
        mark: Which.
        place: In the table; another mark's once no story has this one.
        count: How many live stories have it.
        stories: Their numbers, ascending, after those of some that are gone; none where the mark is too common. Of more
            than a few an array, whose memory is copied as it is.
    """

    mark: str
    place: int
    count: int
    stories: list[int] | array[int]


class Postings:
    """The marks of all live stories.

    Args:
        least: A mark that weighs less finds no stories; it only counts in what is shared.
    """

    def __init__(self, least: int) -> None:
        self._least = least
        self._by_mark: dict[str, Posting] = {}
        self.get: Callable[[str], Posting | None] = self._by_mark.get
        """Who has a mark; None where no live story has it. Asked for each word of each text, hence no method."""
        self._free: list[int] = []
        """Places of marks that no story has any more."""
        self._weights: Numbers = np.zeros(_FIRST_TABLE, dtype=np.int64)
        """By place, what the mark of a text that is looked up weighs: zeros between two calls."""

    def __len__(self) -> int:
        return len(self._by_mark)

    def add(self, number: int, marks: Mapping[str, int]) -> tuple[Posting, ...]:
        """Takes in a story that is newer than all others; gives what `drop` and `places_of` ask for.

        Args:
            number: Of the story.
            marks: Its marks with their weights.
        """
        found = []
        for mark, weight in marks.items():
            posting = self._by_mark.get(mark)
            if posting is None:
                place = self._free.pop() if self._free else self._new_place()
                posting = self._by_mark[mark] = Posting(mark, place, 1, [number] if weight >= self._least else [])
            else:
                posting.count += 1
                if weight >= self._least:
                    posting.stories.append(number)
                    if posting.count == _FEW:
                        posting.stories = array(_NUMBER, posting.stories[-_FEW:])
            found.append(posting)
        return tuple(found)

    def drop(self, postings: Sequence[Posting]) -> None:
        """Takes out the oldest story, by what `add` gave for it."""
        for posting in postings:
            posting.count -= 1
            if not posting.count:
                del self._by_mark[posting.mark]
                self._free.append(posting.place)
            elif len(posting.stories) > 2 * posting.count + _GONE_KEPT:
                del posting.stories[: -posting.count]

    def shared(self, places: Sequence[int], weights: Sequence[int], stories: Sequence[bytes]) -> list[int]:
        """What a text shares with each of some stories: the sum of the weights of the marks that both have.

        Args:
            places: Of the text's marks that any live story has.
            weights: Theirs.
            stories: As `places_of` gave them for the stories; none of them empty.
        """
        table = self._weights
        mine = np.array(places, dtype=np.intp)
        table[mine] = weights
        values = table[np.frombuffer(b"".join(stories), dtype=np.intc)]
        table[mine] = 0
        ends = accumulate(map(len, stories), initial=0)
        starts = np.fromiter(ends, dtype=np.intp, count=len(stories)) // _PLACE_BYTES
        sums: list[int] = np.add.reduceat(values, starts).tolist()
        return sums

    def _new_place(self) -> int:
        place = len(self._by_mark)
        if place == len(self._weights):
            self._weights = np.zeros(2 * place, dtype=np.int64)
        return place


def places_of(postings: Sequence[Posting]) -> bytes:
    """The places of a live story's marks, as `Postings.shared` asks for them."""
    return array(_PLACE, [posting.place for posting in postings]).tobytes()


def sharing(postings: Sequence[Posting], *, newest: int, rare: int, most: int) -> list[int]:
    """The numbers of the stories that have a rare mark or two of any, ascending.

    Args:
        postings: Of the marks, the rarest first.
        newest: Stories looked at of those that have a mark.
        rare: A mark that so few stories have is rare.
        most: Stories given: those that have most of the marks, then the newest.
    """
    of_rare: list[int] = []
    lists: list[array[int]] = []
    for posting in postings:
        count = posting.count
        stories = posting.stories[-min(count, newest) :]
        if count <= rare:
            of_rare += stories
        else:
            lists.append(stories if isinstance(stories, array) else array(_NUMBER, stories))
    if not lists and len(found := set(of_rare)) <= most:
        return sorted(found)
    # A number and in its last bit whether the mark is rare: after sorting, a story's last has the bit if any has.
    seen = np.frombuffer(b"".join([array(_NUMBER, of_rare), *lists, _END]), dtype=np.int64) << 1
    seen[: len(of_rare)] += 1
    seen.sort()
    numbers = seen >> 1
    last = (numbers[1:] != numbers[:-1]).nonzero()[0]
    # Before the first number stands, from the end, one that is none.
    chosen = (numbers[last - 1] == numbers[last]) | (seen[last] & 1 == 1)
    them = numbers[last[chosen]]
    if len(them) > most:
        marks = last.copy()
        marks[0] += 1
        marks[1:] -= last[:-1]
        ranked = marks[chosen] << _NUMBER_BITS
        ranked |= them
        ranked.partition(len(ranked) - most)
        them = ranked[-most:] & (1 << _NUMBER_BITS) - 1
        them.sort()
    return them.tolist()  # type: ignore[no-any-return]
