"""Stories: chains of near-duplicates, of which only the first member counts.

A story is known by the key of its headline, which forgets what copies differ in: case, punctuation, links, retweet
and wire marks, a leading ticker, a trailing source name. The seam for a better matcher is `headline_key` and
`StoryIndex.find`.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import deque
from datetime import datetime

import msgspec

FULL_NOVELTY = 100

_LINK = re.compile(r"https?://\S+|www\.\S+|\bpic\.twitter\.com/\S+", re.IGNORECASE)
_RETWEET = re.compile(r"^(?:\s*(?:rt|via)\s+@\w+\s*:?\s*)+", re.IGNORECASE)
_TICKERS = re.compile(r"^(?:\s*\$[A-Za-z][A-Za-z.]{0,6}\b[\s,;:&|/-]*)+")
_WIRE = re.compile(
    r"^\s*(?:(?:update|wrapup|refile|rpt|corrected|correction|brief|exclusive|breaking|urgent|factbox|analysis|focus)"
    r"(?:\s+\d+)?\s*[-:\u2013\u2014]\s*)+",
    re.IGNORECASE,
)
_CREDIT = re.compile(r"(?:\s+[-|\u2013\u2014]\s+|\s*\|\s*)((?:[A-Z][\w.&'\u2019]*\s*){1,3}(?:\.com)?)$")
_AGENCY = re.compile(
    r"\s*[(\[](?:reuters|ap|afp|bloomberg|dow jones|cnbc)[)\]]\s*(?:[-\u2013\u2014]\s*)?", re.IGNORECASE
)
_APOSTROPHE = re.compile(r"['\u2019\u2018`]")
_MINUS = re.compile(r"(?<![\w.])[-\u2212](?=[$\u00a3\u20ac]?\d)")
_WORD = re.compile(r"\w+")

_WORDS_BEFORE_CREDIT = 5
_WORDS_AFTER_TICKER = 8


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
        event_time: UTC-aware.
        first_seen_at: UTC-aware.
        entered_at: UTC-aware step at which it was counted.
        expires_at: UTC-aware, on a whole minute; articles that enter from then on begin a new story.
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

    @property
    def order(self) -> tuple[datetime, datetime, datetime, str]:
        """Heads sorted by this stand in the order in which they entered."""
        return (self.entered_at, self.first_seen_at, self.event_time, self.story_id)

    def with_member(self) -> StoryHead:
        """The head after one more member."""
        return msgspec.structs.replace(self, members=self.members + 1, novelty=self.novelty * 3 // 4)

    @property
    def latest(self) -> StoryMember:
        """Where the newest member stands."""
        return StoryMember(self.story_id, self.novelty, self.members)


def normalised(title: str) -> str:
    """What copies of a headline share: lower-case words without links, retweet and wire marks, tickers and credits.

    A leading ticker goes only where eight words or more follow, as "$X: Bank cuts to hold" and "$Y: Bank cuts to hold"
    are two stories; a trailing capitalised name after a dash or bar goes only where five words or more remain.

    >>> normalised("RT @desk: Acme's profit falls 3.5% after recall of \u2018smart\u2019 ovens - Daily Planet https://t.co/x")
    'acmes profit falls 3 5 after recall of smart ovens'
    >>> normalised("UPDATE 2-Acme recalls ovens after fires") == normalised("Acme recalls ovens after fires")
    True
    >>> normalised("$ACME: Bank cuts to hold") == normalised("$EMCA: Bank cuts to hold")
    False
    """
    # Most headlines hold none of what the patterns look for; the cheap tests before them save half of the time.
    text = (title if title.isascii() else unicodedata.normalize("NFKC", title)).strip()
    if "//" in text or "." in text:
        text = _LINK.sub(" ", text).strip()
    if "@" in text:
        text = _RETWEET.sub("", text).strip()
    if "-" in text or ":" in text or not text.isascii():
        text = _WIRE.sub("", text)
    if "(" in text or "[" in text:
        text = _AGENCY.sub(" ", text).strip()
    credit = _CREDIT.search(text) if "-" in text or "|" in text or not text.isascii() else None
    if credit and len(_WORD.findall(text[: credit.start()])) >= _WORDS_BEFORE_CREDIT:
        text = text[: credit.start()]
    if text.startswith("$"):
        tail = _TICKERS.sub("", text)
        text = tail if len(_WORD.findall(tail)) >= _WORDS_AFTER_TICKER else text
    if "-" in text or "\u2212" in text:
        text = _MINUS.sub(" minus ", text)
    if "'" in text or "`" in text or not text.isascii():
        text = _APOSTROPHE.sub("", text)
    return " ".join(_WORD.findall(text.casefold()))


def headline_key(title: str) -> str:
    """Fingerprint of a normalised headline, 32 hexadecimal digits; empty (matching nothing) where nothing is left.

    >>> headline_key("ACME recalls ovens!") == headline_key("Acme Recalls Ovens")
    True
    >>> headline_key("https://example.org/only-a-link")
    ''
    """
    text = normalised(title)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest() if text else ""


class StoryIndex:
    """The live stories, by key and by age.

    Args:
        heads: Live stories, in any order.
        limit: Most stories kept; beyond it the oldest ends early.
    """

    def __init__(self, heads: tuple[StoryHead, ...], limit: int) -> None:
        self._limit = limit
        self._heads: dict[str, StoryHead] = {}
        self._by_key: dict[str, str] = {}
        self._by_age: deque[str] = deque()
        for head in sorted(heads, key=lambda head: head.order):
            self.put(head)

    def find(self, key: str) -> StoryHead | None:
        """The live story with this key."""
        story_id = self._by_key.get(key) if key else None
        return self._heads[story_id] if story_id is not None else None

    def put(self, head: StoryHead) -> None:
        """Adds a story, or replaces what is known of it; new ones must come in the order of `StoryHead.order`."""
        if head.story_id not in self._heads:
            self._by_age.append(head.story_id)
            if head.key:
                self._by_key[head.key] = head.story_id
        self._heads[head.story_id] = head

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
        return ended
