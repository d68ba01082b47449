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
from collections import deque
from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Final

import msgspec
import numpy as np

from monitor.ingest.shingles import similarities
from monitor.surges.contradictions import Facts, contradict, facts
from monitor.surges.figures import STRONG, Figures, figures_of, matched
from monitor.surges.marks import FULL_WEIGHT, NAT, marks_of
from monitor.surges.postings import Posting, Postings, places_of, sharing

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
_COMPARED: Final = attrgetter("embedding", "model", "square", "shingles", "places")
_RARITY: Final = [
    round(NAT * RARITY_WEIGHT * math.log(RARE_STORIES / max(1, stories))) for stories in range(RARE_STORIES + 1)
]


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
    """A text as it is compared. What is dear to read is read once, when it is first needed.

    Attributes:
        story_id: Of the story that it began; empty for a text that is only looked up.
        fingerprint: What it is told by.
        shingles: Of the fingerprint, as are the next two.
        embedding: Its vector.
        model: Which made it.
        square: Of the vector's length; None until it is needed, or this is a story.
        postings: Of its marks, for a story.
        places: Of its marks, likewise.
        facts: Of its text; None until they are needed, as are the next.
        figures: Of its text.
    """

    __slots__ = (
        "embedding", "facts", "figures", "fingerprint", "model", "places", "postings", "shingles", "square", "story_id",
    )  # fmt: skip

    def __init__(self, fingerprint: Fingerprint) -> None:
        self.story_id = ""
        self.fingerprint = fingerprint
        self.shingles = fingerprint.shingles
        self.embedding = fingerprint.embedding
        self.model = fingerprint.model_version
        self.square: float | None = None
        self.postings: tuple[Posting, ...] = ()
        self.places = b""
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
        self._stories: dict[int, Telling] = {}
        """By number; numbers grow by one."""
        self._first = 0
        """Number of the oldest story."""
        self._postings = Postings(LEAST_LOOKED_UP)
        self._with_facts: deque[Telling] = deque()
        """Stories whose facts have been read: the newest are kept, as the same stories are met again and again."""
        self._latest: Telling | None = None
        """The text looked up last: one that is new is added next."""

    def __len__(self) -> int:
        return len(self._stories)

    @property
    def oldest(self) -> str | None:
        """Id of the oldest story."""
        return self._stories[self._first].story_id if self._stories else None

    def add(self, story_id: str, fingerprint: Fingerprint) -> list[str]:
        """Takes in a story that is newer than all others; gives the ids of those that had to go for it."""
        number = self._first + len(self._stories)
        telling, self._latest = self._telling(fingerprint), None
        telling.story_id = story_id
        telling.postings = self._postings.add(number, marks_of(fingerprint.text))
        telling.places = places_of(telling.postings)
        _square(telling)
        self._stories[number] = telling
        if telling.facts is not None:
            self._keep_facts(telling)
        gone = []
        while len(self._stories) > self._limit:
            gone.append(self.drop_oldest())
        return gone

    def drop_oldest(self) -> str:
        """Takes out the oldest story; gives its id."""
        story = self._stories.pop(self._first)
        self._first += 1
        self._postings.drop(story.postings)
        return story.story_id

    def find(self, fingerprint: Fingerprint) -> str | None:
        """The id of the story that the text most probably tells again; None where it tells a new one."""
        return next(self.tellings(fingerprint), None)

    def tellings(self, fingerprint: Fingerprint) -> Iterator[str]:
        """The ids of all stories that the text may tell, the most probable first."""
        mine = self._latest = self._telling(fingerprint)
        for theirs in self._alike(mine):
            if contradict(self._facts_of(theirs), self._facts_of(mine)) is None:
                yield theirs.story_id

    def _telling(self, fingerprint: Fingerprint) -> Telling:
        latest = self._latest
        return latest if latest is not None and latest.fingerprint == fingerprint else Telling(fingerprint)

    def _alike(self, mine: Telling) -> list[Telling]:
        """The stories that are alike enough, the most alike first; of equals the oldest."""
        places: list[int] = []
        weights: list[int] = []
        """Of the marks that live stories have, in hundredths of a nat, more where few stories have them."""
        finding: list[tuple[int, str, Posting]] = []
        posting_of = self._postings.get
        for mark, weight in marks_of(mine.fingerprint.text).items():
            posting = posting_of(mark)
            if posting is not None:
                count = posting.count
                if weight >= LEAST_LOOKED_UP:
                    finding.append((count, mark, posting))
                rarity = _RARITY[count] if count < RARE_STORIES and weight >= FULL_WEIGHT else 0
                places.append(posting.place)
                weights.append(weight + rarity)
        finding.sort()
        rarest = [posting for _, _, posting in finding[:WORDS_LOOKED_UP]]
        numbers = sharing(rarest, newest=NEWEST_OF_WORD, rare=RARE_STORIES, most=CANDIDATES)
        return self._ranked(mine, places, weights, [self._stories[number] for number in numbers]) if numbers else []

    def _ranked(
        self, mine: Telling, places: Sequence[int], weights: Sequence[int], others: Sequence[Telling]
    ) -> list[Telling]:
        """Those of some stories that are alike enough, the most alike first; of equals the first."""
        asked = self._alikeness
        embeddings, models, squares, shingles, their_places = zip(*map(_COMPARED, others), strict=True)
        cosines = _cosines(mine, embeddings, models, squares)
        jaccards = similarities(mine.shingles, shingles).tolist()
        # Whole numbers, so that their sum does not depend on their order.
        shared = self._postings.shared(places, weights, their_places)
        of_figures = asked.per_nat * FIGURE_WEIGHT
        ranked: list[tuple[float, int]] = []
        for place, (cosine, jaccard, weight) in enumerate(zip(cosines, jaccards, shared, strict=True)):
            likeness = cosine + asked.per_nat * (weight / NAT)
            if likeness + of_figures * FIGURE_KINDS >= asked.likeness and (figures := _figures(mine)):
                likeness += of_figures * _shared_figures(figures, _figures(others[place]))
            if likeness >= asked.likeness or jaccard >= asked.jaccard:
                ranked.append((-likeness, place))
        return [others[place] for _, place in sorted(ranked)]

    def _facts_of(self, telling: Telling) -> Facts:
        if telling.facts is None:
            telling.facts = facts(telling.fingerprint.text)
            if telling.story_id:
                self._keep_facts(telling)
        return telling.facts

    def _keep_facts(self, telling: Telling) -> None:
        self._with_facts.append(telling)
        if len(self._with_facts) > FACTS_KEPT:
            self._with_facts.popleft().facts = None


def _shared_figures(mine: Figures, theirs: Figures) -> int:
    """In how many kinds two texts have a figure in common, up to `FIGURE_KINDS`."""
    shared = 0
    for kind, values in mine.items():
        if kind in theirs and kind in STRONG and matched(kind, values, theirs[kind]):
            shared += 1
    return min(FIGURE_KINDS, shared)


def _figures(telling: Telling) -> Figures:
    if telling.figures is None:
        telling.figures = figures_of(telling.fingerprint.text)
    return telling.figures


def _cosines(
    mine: Telling, embeddings: Sequence[bytes], models: Sequence[str], squares: Sequence[float]
) -> list[float]:
    """Cosines in [-1, 1]; 0 where the embeddings are missing or of two models."""
    embedding, model = mine.embedding, mine.model
    if not embedding:
        return [0.0] * len(embeddings)
    if models.count(model) != len(models) or set(map(len, embeddings)) != {len(embedding)}:
        nothing = bytes(len(embedding))
        embeddings = [
            each if its == model and len(each) == len(embedding) else nothing
            for each, its in zip(embeddings, models, strict=True)
        ]
    # Products of vectors of length 127 stay below 127 * 128, and any sum of their parts: exact in 32 bits.
    table = np.frombuffer(b"".join(embeddings), dtype=np.int8).reshape(len(embeddings), len(embedding))
    vector = np.frombuffer(embedding, dtype=np.int8).astype(np.float32)
    square = _square(mine)
    return [
        product / math.sqrt(square * other) if product else 0.0
        for product, other in zip((table.astype(np.float32) @ vector).tolist(), squares, strict=True)
    ]


def _square(telling: Telling) -> float:
    if telling.square is None:
        vector = np.frombuffer(telling.embedding, dtype=np.int8).astype(np.float32)
        telling.square = float(vector @ vector)
    return telling.square
