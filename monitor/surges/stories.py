"""Stories: chains of near-duplicates, of which only the first member counts.

A story is known by the key of its headline, which forgets what copies differ in (`monitor.surges.headlines`), and while
it is among the newest by what it says (`monitor.surges.near_duplicates`). Either way a text never joins a story that it
contradicts. A reprint is no further evidence; another source that tells the same in words of its own is, so its text
begins a chain that counts, too: a retelling.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from datetime import datetime, timedelta

import msgspec

from monitor.ingest.shingles import similarities
from monitor.surges.contradictions import contradict, facts
from monitor.surges.near_duplicates import Alikeness, Fingerprint, NearDuplicates

FULL_NOVELTY = 100


class StoryMember(msgspec.Struct, frozen=True):
    """Where an article stands in its story.

    Attributes:
        story_id: Id of the story's first article.
        novelty: 100 for the first member, then 75, 56, 42 and so on: three quarters each time, rounded down.
        position_in_chain: 1 for the first member.
    """

    story_id: str
    novelty: int
    position_in_chain: int


class StoryHead(msgspec.Struct, frozen=True, kw_only=True):
    """A live story: what is needed to recognise its next member, and when to forget it.

    Attributes:
        story_id: Id of its first article.
        key: Fingerprint of the headline; see `headline_key`.
        members: Articles so far.
        novelty: Of the latest member.
        topic: The first member's, as are all below.
        negative: Whether it counted as negative.
        dated: Whether it has a date only.
        about: Which companies and assets it is about, each with whether it counts as negative for that one.
        event_time: UTC-aware.
        first_seen_at: UTC-aware.
        entered_at: UTC-aware step at which it was counted.
        expires_at: UTC-aware, on a whole minute; articles that enter from then on begin a new story.
        tellers: Sources that told it in words of their own, its own first; of a retelling its own alone.
        retells: Id of the story that it tells in other words; empty for the first telling.
        text: As in its `Fingerprint`, as are all below; all empty once too many newer stories came.
        shingles: Signature of its words.
        embedding: Of its text.
        model_version: Of the embedding.
    """

    story_id: str
    key: str
    members: int
    novelty: int
    topic: str
    negative: bool
    dated: bool
    event_time: datetime
    first_seen_at: datetime
    entered_at: datetime
    expires_at: datetime
    tellers: tuple[str, ...] = ()
    retells: str = ""
    about: tuple[tuple[str, bool], ...] = ()
    text: str = ""
    shingles: bytes = b""
    embedding: bytes = b""
    model_version: str = ""

    @property
    def fingerprint(self) -> Fingerprint:
        """What near-duplicates are told by."""
        return Fingerprint(
            text=self.text, shingles=self.shingles, embedding=self.embedding, model_version=self.model_version
        )

    def without_fingerprint(self) -> StoryHead:
        """The head once it is known by its headline alone."""
        return msgspec.structs.replace(self, text="", shingles=b"", embedding=b"", model_version="")

    @property
    def order(self) -> tuple[datetime, datetime, datetime, str]:
        """Heads sorted by this stand in the order in which they entered."""
        return (self.entered_at, self.first_seen_at, self.event_time, self.story_id)

    def with_member(self, *tellers: str) -> StoryHead:
        """The head after one more member, and who told it in words of their own, if so."""
        return msgspec.structs.replace(
            self, members=self.members + 1, novelty=self.novelty * 3 // 4, tellers=(*self.tellers, *tellers)
        )

    @property
    def latest(self) -> StoryMember:
        """Where the newest member stands."""
        return StoryMember(self.story_id, self.novelty, self.members)


class StoryIndex:
    """The live stories, by key, by what they say, and by age.

    Args:
        heads: Live stories, in any order.
        limit: Most stories kept; beyond it the oldest ends early.
        near_limit: Most stories known by more than their headline: the newest.
        alikeness: From when on two texts may tell one story.
        horizon: Between the event times of a story's first article and of a later one, at most; None for any.
        tellings: Sources whose tellings in words of their own count, at most, the first one's included.
    """

    def __init__(
        self,
        heads: tuple[StoryHead, ...],
        limit: int,
        near_limit: int = 50_000,
        alikeness: Alikeness | None = None,
        horizon: timedelta | None = None,
        tellings: int = 1,
    ) -> None:
        self._tellings = tellings
        self._horizon = horizon
        self._limit = limit
        self._heads: dict[str, StoryHead] = {}
        self._by_key: dict[str, str] = {}
        self._by_age: deque[str] = deque()
        self._alikeness = alikeness or Alikeness()
        self._near = NearDuplicates(near_limit, self._alikeness)
        for head in sorted(heads, key=lambda head: head.order):
            self.put(head)

    def find(
        self,
        key: str,
        fingerprint: Fingerprint | None = None,
        event_time: datetime | None = None,
        about: Collection[str] = (),
    ) -> StoryHead | None:
        """The live story that a text tells: with its key, or else most like it.

        Never one that it contradicts, nor one of another time: a feed that is read for the first time shows weeks at
        once, and last month's statement is no copy of this month's. What stands at the end of a headline like the name
        of a newspaper is not compared. It may be the company: two texts alike in all else are then `about` different
        ones.
        """
        story_id = self._by_key.get(key) if key else None
        if story_id is not None:
            head = self._heads[story_id]
            if self._fits(head, event_time, fingerprint, about) and not _contradict(head, fingerprint):
                return head
        if fingerprint is None:
            return None
        told = (self._heads[story_id] for story_id in self._near.tellings(fingerprint))
        return next((head for head in told if self._fits(head, event_time, fingerprint, about)), None)

    def retold(self, known: StoryHead, source: str, key: str, fingerprint: Fingerprint) -> StoryHead | None:
        """The first telling of a story, with one teller more, where a text tells it in words of its own.

        Args:
            known: The story that the text tells, as `find` gave it.
            source: Of the text.
            key: Likewise.
            fingerprint: Likewise.

        Returns:
            None for a reprint, or where nobody can know that it is none; for a source that told the story before; once
            enough others have; and once the first telling has ended.
        """
        first = self._heads.get(known.retells or known.story_id)
        if first is None or source in first.tellers or not 0 < len(first.tellers) < self._tellings:
            return None
        if known.key == key or not (known.shingles and fingerprint.shingles):
            return None
        if similarities(fingerprint.shingles, [known.shingles])[0] >= self._alikeness.jaccard:
            return None
        return first.with_member(source)

    def _fits(
        self, head: StoryHead, event_time: datetime | None, fingerprint: Fingerprint | None, about: Collection[str]
    ) -> bool:
        """Whether a story is of the time of a text, and of no other company where they say the same."""
        if self._horizon is not None and event_time is not None and abs(event_time - head.event_time) > self._horizon:
            return False
        if not (head.text and head.about and about) or fingerprint is None or head.text != fingerprint.text:
            return True
        return any(name in about for name, _ in head.about)

    def put(self, head: StoryHead) -> None:
        """Adds a story, or replaces what is known of it; new ones must come in the order of `StoryHead.order`."""
        new = head.story_id not in self._heads
        self._heads[head.story_id] = head
        if not new:
            return
        self._by_age.append(head.story_id)
        if head.key:
            self._by_key[head.key] = head.story_id
        if head.text:
            for gone in self._near.add(head.story_id, head.fingerprint):
                self._heads[gone] = self._heads[gone].without_fingerprint()

    def expire(self, now: datetime) -> list[StoryHead]:
        """Takes out the stories that ended by `now`, and the oldest of those beyond the limit; oldest first."""
        ended: list[StoryHead] = []
        while self._by_age:
            oldest = self._heads[self._by_age[0]]
            if oldest.expires_at > now and len(self._heads) <= self._limit:
                break
            ended.append(oldest)
            del self._heads[self._by_age.popleft()]
            if self._by_key.get(oldest.key) == oldest.story_id:
                del self._by_key[oldest.key]
            if self._near.oldest == oldest.story_id:
                self._near.drop_oldest()
        return ended


def _contradict(head: StoryHead, fingerprint: Fingerprint | None) -> bool:
    """Whether a text contradicts a story; never where both are the same, or the story's text is not known."""
    if fingerprint is None or not head.text or head.text == fingerprint.text:
        return False
    return contradict(facts(head.text), facts(fingerprint.text)) is not None
