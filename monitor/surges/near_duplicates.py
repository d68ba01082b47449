"""The search for the live story that a text tells again, among the newest some ten thousand, in microseconds.

Three steps, each dearer than the one before and seeing fewer stories:

1. Which stories share words with the text: from an inverted index, those that share a rare word or two of any, the
   newest first. Two texts without a word in common tell no common story, however alike they sound.
2. How alike they are. Embeddings alone cannot say: a narrow field's texts are all alike to a model trained on it. So to
   the cosine of the embeddings is added what the texts share in words and figures, as much as each tells (`marks`). Or
   their shingles say that they are the same words.
3. Whether the facts agree: from the most alike downwards, the first story that the text does not contradict.

Everything is a function of the stories in the window and their order, so that a rebuilt index answers as the one that
died. Embeddings are whole numbers, and their products are exact: no order of summation, no machine changes an answer.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import Final

import msgspec
import numpy as np

from monitor.ingest.shingles import similarities
from monitor.surges.contradictions import Facts, contradict, facts
from monitor.surges.figures import STRONG, Figures, figures_of, matched
from monitor.surges.marks import FULL_WEIGHT, NAT, marks_of

WORDS_LOOKED_UP: Final = 12
"""The rarest of a text."""
NEWEST_OF_WORD: Final = 96
"""Stories looked at of those that hold a word: copies come soon after one another."""
RARE_STORIES: Final = 16
"""A word that so few stories hold makes a candidate by itself, and tells the more the fewer they are."""
CANDIDATES: Final = 20
"""Most stories whose likeness is computed: those that share most words, then the newest."""
LEAST_LOOKED_UP: Final = 150
"""In hundredths of a nat: what tells less finds nothing."""
RARITY_WEIGHT: Final = 1.25
"""By how much a word of full weight tells more for each time that the stories which hold it are e times fewer."""
FIGURE_WEIGHT: Final = 8.0
"""What a shared kind of figure tells, in nats: as much as two rare words."""
FIGURE_KINDS: Final = 2
"""Most kinds of figure that count: more tell no more."""
FACTS_KEPT: Final = 4_096
"""Stories whose facts stay read."""
_RARITY: Final = [
    round(NAT * RARITY_WEIGHT * math.log(RARE_STORIES / max(1, stories))) for stories in range(RARE_STORIES + 1)
]
_NOTHING: Final = repeat(0)


class Fingerprint(msgspec.Struct, frozen=True, kw_only=True):
    """By what near-duplicates are told; all of it may be missing.

    Attributes:
        text: Headline and the beginning of the body; its words and facts are compared.
        shingles: MinHash signature; see `monitor.ingest.shingles`.
        embedding: One signed byte a dimension; see `monitor.classify.embeddings`.
        model_version: Which model made the embedding: those of two models cannot be compared.
    """

    text: str = ""
    shingles: bytes = b""
    embedding: bytes = b""
    model_version: str = ""


class Alikeness(msgspec.Struct, frozen=True, kw_only=True):
    """From when on two texts may tell one story; `python -m benchmarks.duplicates --tune` finds these for a model.

    Attributes:
        likeness: Of cosine plus `per_nat` times the shared information.
        per_nat: What a nat of shared words and figures adds to the cosine.
        jaccard: Of MinHash signatures, in (0, 1]: reached, it is enough by itself.
    """

    likeness: float = 1.5
    per_nat: float = 0.055
    jaccard: float = 0.6


class Telling:
    """A text as it is compared.

    Attributes:
        story_id: Of the story that it began; empty for a text that is looked up.
        fingerprint: What it is told by.
        marks: What tells it from others; see `marks_of`.
        facts: Once they are needed, as are the next.
        figures: Of its text.
    """

    __slots__ = ("facts", "figures", "fingerprint", "marks", "story_id")

    def __init__(self, story_id: str, fingerprint: Fingerprint, marks: Iterable[str]) -> None:
        self.story_id = story_id
        self.fingerprint = fingerprint
        self.marks = tuple(marks)
        self.facts: Facts | None = None
        self.figures: Figures | None = None


class NearDuplicates:
    """The newest stories by the words they hold.

    Args:
        limit: Most stories kept; the oldest goes.
        alikeness: From when on two texts may tell one story.
    """

    def __init__(self, limit: int, alikeness: Alikeness) -> None:
        self._limit = limit
        self._alikeness = alikeness
        self._stories: deque[Telling] = deque()
        self._first = 0
        """Number of the oldest story in `_stories`; numbers grow by one."""
        self._holding: dict[str, list[int]] = {}
        """By mark, the numbers of the stories that have it, ascending; those before `_first` are gone."""
        self._with_facts: deque[Telling] = deque()
        """Stories whose facts have been read: the newest are kept, as the same stories are met again and again."""

    def __len__(self) -> int:
        return len(self._stories)

    @property
    def oldest(self) -> str | None:
        """Id of the oldest story."""
        return self._stories[0].story_id if self._stories else None

    def add(self, story_id: str, fingerprint: Fingerprint) -> list[str]:
        """Takes in a story that is newer than all others; gives the ids of those that had to go for it."""
        number = self._first + len(self._stories)
        marks = marks_of(fingerprint.text)
        self._stories.append(Telling(story_id, fingerprint, marks))
        for mark, weight in marks.items():
            if weight >= LEAST_LOOKED_UP:
                self._holding.setdefault(mark, []).append(number)
        gone = []
        while len(self._stories) > self._limit:
            gone.append(self.drop_oldest())
        return gone

    def drop_oldest(self) -> str:
        """Takes out the oldest story; gives its id."""
        story = self._stories.popleft()
        self._first += 1
        if self._first % max(1, self._limit // 4) == 0:
            self._sweep()
        return story.story_id

    def find(self, fingerprint: Fingerprint) -> str | None:
        """The id of the story that the text most probably tells again; None where it tells a new one."""
        return next(self.tellings(fingerprint), None)

    def tellings(self, fingerprint: Fingerprint) -> Iterator[str]:
        """The ids of all stories that the text may tell, the most probable first."""
        marks = marks_of(fingerprint.text)
        mine = Telling("", fingerprint, marks)
        for theirs in self._alike(mine, self._weighed(marks), self._sharing_words(mine)):
            if contradict(self._facts_of(theirs), self._facts_of(mine)) is None:
                yield theirs.story_id

    def _sharing_words(self, mine: Telling) -> list[Telling]:
        """The stories that share a rare word or two words with a text, oldest first."""
        held: list[tuple[int, str]] = []
        for mark in mine.marks:
            count = self._held_by(mark)
            if count:
                held.append((count, mark))
        held.sort()
        shared: Counter[int] = Counter()
        rare: set[int] = set()
        for count, mark in held[:WORDS_LOOKED_UP]:
            newest = self._holding[mark][-min(count, NEWEST_OF_WORD) :]
            shared.update(newest)
            if count <= RARE_STORIES:
                rare.update(newest)
        found = [number for number, words in shared.items() if words > 1 or number in rare]
        if len(found) > CANDIDATES:
            found = sorted(found, key=lambda number: (-shared[number], -number))[:CANDIDATES]
        return [self._stories[number - self._first] for number in sorted(found)]

    def _held_by(self, mark: str) -> int:
        """How many of the stories have a mark; 0 for one that tells too little."""
        holding = self._holding.get(mark)
        if not holding:
            return 0
        return len(holding) - (bisect_left(holding, self._first) if holding[0] < self._first else 0)

    def _weighed(self, marks: Mapping[str, int]) -> dict[str, int]:
        """The weights of marks, in hundredths of a nat, more where few stories have them."""
        weighed = dict(marks)
        for mark, weight in marks.items():
            if weight >= FULL_WEIGHT:
                weighed[mark] += _RARITY[min(self._held_by(mark), RARE_STORIES)]
        return weighed

    def _alike(self, mine: Telling, weights: Mapping[str, int], others: Sequence[Telling]) -> list[Telling]:
        """Those of the stories that are alike enough, the most alike first; of equals the oldest."""
        if not others:
            return []
        asked = self._alikeness
        cosines = _cosines(mine.fingerprint, [other.fingerprint for other in others])
        jaccards = similarities(mine.fingerprint.shingles, [other.fingerprint.shingles for other in others]).tolist()
        ranked: list[tuple[float, int]] = []
        for place, other in enumerate(others):
            # Whole numbers, so that their sum does not depend on their order.
            nats = sum(map(weights.get, other.marks, _NOTHING)) / NAT
            likeness = cosines[place] + asked.per_nat * nats
            if likeness + asked.per_nat * FIGURE_WEIGHT * FIGURE_KINDS >= asked.likeness:
                likeness += asked.per_nat * FIGURE_WEIGHT * _shared_figures(mine, other)
            if jaccards[place] >= asked.jaccard or likeness >= asked.likeness:
                ranked.append((-likeness, place))
        return [others[place] for _, place in sorted(ranked)]

    def _facts_of(self, telling: Telling) -> Facts:
        if telling.facts is None:
            telling.facts = facts(telling.fingerprint.text)
            if telling.story_id:
                self._with_facts.append(telling)
                if len(self._with_facts) > FACTS_KEPT:
                    self._with_facts.popleft().facts = None
        return telling.facts

    def _sweep(self) -> None:
        """Frees the memory of stories that are gone; answers do not depend on when."""
        for mark in list(self._holding):
            holding = self._holding[mark]
            start = bisect_left(holding, self._first)
            if start == len(holding):
                del self._holding[mark]
            elif start:
                del holding[:start]


def _shared_figures(one: Telling, other: Telling) -> int:
    """In how many kinds two texts have a figure in common, up to `FIGURE_KINDS`."""
    mine = _figures(one)
    if not mine:
        return 0
    theirs = _figures(other)
    return min(
        FIGURE_KINDS,
        sum(kind in mine and kind in theirs and matched(kind, mine[kind], theirs[kind]) for kind in STRONG),
    )


def _figures(telling: Telling) -> Figures:
    if telling.figures is None:
        telling.figures = figures_of(telling.fingerprint.text)
    return telling.figures


def _cosines(mine: Fingerprint, others: Sequence[Fingerprint]) -> list[float]:
    """Cosines in [-1, 1]; 0 where the embeddings are missing or of two models."""
    found = [0.0] * len(others)
    width = len(mine.embedding)
    places = [
        place
        for place, other in enumerate(others)
        if width and other.model_version == mine.model_version and len(other.embedding) == width
    ]
    if not places:
        return found
    # Products of vectors of length 127 stay below 127 * 128, and any sum of their parts: exact in 32 bits.
    table = np.frombuffer(b"".join([others[place].embedding for place in places]), dtype=np.int8)
    theirs = table.reshape(len(places), width).astype(np.float32)
    vector = np.frombuffer(mine.embedding, dtype=np.int8).astype(np.float32)
    squares = np.einsum("ij,ij->i", theirs, theirs).tolist()
    square = float(vector @ vector)
    for place, product, other in zip(places, (theirs @ vector).tolist(), squares, strict=True):
        found[place] = product / math.sqrt(square * other) if square and other else 0.0
    return found
