"""What goes into the surge core and what comes out of it: sightings in; rows to write, and to start again from, out."""

from __future__ import annotations

from datetime import datetime

import msgspec

from monitor.surges.dispersion import DispersionState
from monitor.surges.lessons import BaselineState
from monitor.surges.near_duplicates import Fingerprint
from monitor.surges.stories import StoryHead, StoryMember
from monitor.surges.surge import Surge
from monitor.surges.windows import ClosedWindow, MinuteCount


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """What the core needs to know of a scored article.

    Attributes:
        article_id: Unique; the caller drops repeats.
        source: Which source delivered it.
        title: Its headline; copies are told by it.
        event_time: UTC-aware; when it counts.
        first_seen_at: UTC-aware; not before `event_time`.
        dated: Whether it was published with a date only.
        topic: Name of its topic; empty for none.
        negative: Whether it counts as negative.
        about: Ids of the companies and assets that it is about, each with whether it counts as negative for that one.
        model: Version of the model that said so; empty for none.
        fingerprint: By what near-duplicates are told.
    """

    article_id: str
    source: str
    title: str
    event_time: datetime
    first_seen_at: datetime
    dated: bool
    topic: str
    negative: bool
    about: tuple[tuple[str, bool], ...] = ()
    model: str = ""
    fingerprint: Fingerprint = Fingerprint()


class Entry(msgspec.Struct, frozen=True):
    """How an article entered the counts.

    Attributes:
        member: Where it stands in its story; only first members are counted.
        late: Whether it entered more than the allowed lateness after its event time.
        entered_at: UTC-aware step at which it entered.
    """

    member: StoryMember
    late: bool
    entered_at: datetime

    @property
    def story_id(self) -> str:
        """Id of the story's first article."""
        return self.member.story_id

    @property
    def novelty(self) -> int:
        """100 for the first member, then less."""
        return self.member.novelty


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """All that a core must be given to go on where another one stopped, made of rows that `Advance` handed out.

    More than is asked for does no harm.

    Attributes:
        tick: The `tick` of the last Advance.
        minute_counts: Rows whose minute is at or after `memory_start(rules, tick)`.
        baselines: Every baseline row.
        dispersion: Every row of what is learnt over series.
        story_heads: Every head that was written and has not expired.
        surges: For every series its last row at or before the last whole minute, and every row after that minute.
    """

    tick: datetime
    minute_counts: tuple[MinuteCount, ...] = ()
    baselines: tuple[BaselineState, ...] = ()
    dispersion: tuple[DispersionState, ...] = ()
    story_heads: tuple[StoryHead, ...] = ()
    surges: tuple[Surge, ...] = ()


class Advance(msgspec.Struct, frozen=True, kw_only=True):
    """What one call found out: rows to write, sorted by their keys.

    Attributes:
        tick: `now` of the call.
        members: By article id, one for every sighting, in the order of entering.
        minute_counts: To be added to what the row of its series and minute holds.
        closed: Replaces the row of its series and window.
        baselines: Replaces the row of its series.
        dispersion: Replaces the row of its kind and window length.
        story_heads: Replaces the row of its story; new or with one more member.
        ended_stories: Ids of stories whose heads may be deleted.
        surges: By tick, then series; each replaces the row of its tick and series (there is one only where a call
            repeats the last `now`).
    """

    tick: datetime
    members: dict[str, Entry] = {}
    minute_counts: tuple[MinuteCount, ...] = ()
    closed: tuple[ClosedWindow, ...] = ()
    baselines: tuple[BaselineState, ...] = ()
    dispersion: tuple[DispersionState, ...] = ()
    story_heads: tuple[StoryHead, ...] = ()
    ended_stories: tuple[str, ...] = ()
    surges: tuple[Surge, ...] = ()
