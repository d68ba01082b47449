"""The settings of sources: one table for each, whose `kind` says what else it may hold."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, SecretStr, Tag, field_validator, model_validator

SHORTEST_TOKEN = 16
_DAY_FIRST = (
    "Whether 5/6/2024 is the fifth of June; where unset, its other dates tell, else the later reading that is not "
    "after first sight is taken, and the article says so (`order_assumed`)."
)


class SourceSettings(BaseModel):
    """What every source has."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(
        min_length=1, max_length=200, pattern=r"^[^\x00]*$", description="Name of the source; must be unique."
    )


class FileSettings(SourceSettings):
    """A file whose rows are articles, followed as it grows."""

    kind: Literal["file"] = Field(default="file", description="What it is; a table that says nothing is a file.")
    path: Path = Field(description="CSV, JSONL or Parquet file, possibly gzipped.")
    format: Literal["auto", "csv", "jsonl", "parquet"] = Field(
        default="auto", description="`auto` tells by the file's name."
    )
    time_column: str = Field(default="published", description="Column with the publication time.")
    text_column: str = Field(default="title", description="Column with the headline.")
    body_column: str = Field(default="description", description="Column with more text; may be absent.")
    source_column: str = Field(
        default="source", description="Column with the name of the publisher; where absent, `name` serves."
    )
    id_column: str = Field(
        default="id", description="Column with an id that makes an article the same article; may be absent."
    )
    url_column: str = Field(default="url", description="Column with the address; may be absent.")
    time_zone: str = Field(default="UTC", description="IANA zone of times that name none.")
    day_first: bool | None = Field(default=None, description=_DAY_FIRST)


class RemoteSettings(SourceSettings):
    """What every source on the web has."""

    url: str = Field(pattern=r"^https?://\S+$", max_length=4000, description="Its address, `https` or `http`.")
    time_zone: str = Field(default="UTC", description="IANA zone of times that name none.")
    day_first: bool | None = Field(default=None, description=_DAY_FIRST)


class FeedSettings(RemoteSettings):
    """An RSS, Atom, RDF or JSON feed."""

    kind: Literal["feed"] = Field(description="What it is.")
    language: str = Field(
        default="",
        pattern=r"^([a-z]{2})?$",
        description="A hint, such as `zh`, for texts too short to tell, where the feed itself names no language.",
    )


class PageSettings(RemoteSettings):
    """A site without a feed: a sitemap or a list of links, whose new pages are read."""

    kind: Literal["page"] = Field(description="What it is.")
    include: str = Field(
        default="", description="Regular expression that an address must match to be read; empty: all of the site."
    )
    language: str = Field(
        default="", pattern=r"^([a-z]{2})?$", description="A hint, such as `zh`, for texts too short to tell."
    )
    pages_at_once: int = Field(default=20, ge=1, le=200, description="New pages that one poll reads at most.")


class FilingsSettings(SourceSettings):
    """The current filings of SEC EDGAR, which asks that `ingest.user_agent` hold your mail address."""

    kind: Literal["filings"] = Field(description="What it is.")
    forms: tuple[Literal["8-K", "10-Q", "10-K"], ...] = Field(
        default=("8-K", "10-Q", "10-K"), min_length=1, description="Which forms."
    )


class CommentsSettings(SourceSettings):
    """Public posts with author and parent, from an address or a file that gives JSON or JSON lines."""

    kind: Literal["comments"] = Field(description="What it is.")
    url: str = Field(default="", pattern=r"^(https?://\S+)?$", description="Where they are; this or `path`.")
    path: Path | None = Field(default=None, description="A file of them; this or `url`.")
    posts: str = Field(
        default="", description="Where in the answer the list of posts is, such as `data.children`; empty: it is one."
    )
    text_column: str = Field(default="text", description="Where a post holds its text; `data.body` looks in `data`.")
    title_column: str = Field(default="title", description="Its title; may be absent.")
    author_column: str = Field(default="author", description="Who wrote it; what one author repeats counts once.")
    time_column: str = Field(default="created_at", description="When: a date, or seconds since 1970.")
    id_column: str = Field(default="id", description="Its id.")
    parent_column: str = Field(default="parent_id", description="The id of what it answers; may be absent.")
    url_column: str = Field(default="url", description="Its address; may be absent.")
    time_zone: str = Field(default="UTC", description="IANA zone of times that name none.")
    day_first: bool | None = Field(default=None, description=_DAY_FIRST)

    @model_validator(mode="after")
    def _has_one_place(self) -> Self:
        if bool(self.url) == bool(self.path):
            raise ValueError("comments have either a url or a path")
        return self


def _kind_of(given: Any) -> str:
    kind = given.get("kind", "file") if isinstance(given, dict) else getattr(given, "kind", "file")
    return str(kind)


AnySource = Annotated[
    Annotated[FileSettings, Tag("file")]
    | Annotated[FeedSettings, Tag("feed")]
    | Annotated[PageSettings, Tag("page")]
    | Annotated[FilingsSettings, Tag("filings")]
    | Annotated[CommentsSettings, Tag("comments")],
    Discriminator(
        _kind_of,
        custom_error_type="kind",
        custom_error_message="the kind of a source is file, feed, page, filings or comments",
    ),
]
"""The table of one source."""


class PushSettings(BaseModel):
    """The HTTP endpoint to which programs post articles."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tokens: tuple[SecretStr, ...] = Field(
        default=(), description="Bearer tokens that may post, each at least 16 characters; with none, nothing listens."
    )
    address: str = Field(
        default="127.0.0.1", description="Address to listen on; anything but loopback needs a proxy that speaks TLS."
    )
    port: int = Field(default=8502, ge=0, le=65535, description="TCP port; 0: a free one.")

    @field_validator("tokens")
    @classmethod
    def _are_long(cls, tokens: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if any(len(token.get_secret_value()) < SHORTEST_TOKEN for token in tokens):
            raise ValueError(f"a token has at least {SHORTEST_TOKEN} characters")
        return tokens


class IngestSettings(BaseModel):
    """How sources are read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    poll_seconds: float = Field(default=5.0, gt=0, description="How often a followed file is looked at for new lines.")
    shortest_poll_minutes: float = Field(
        default=5.0,
        gt=0,
        le=1440,
        description="Sources on the web are asked twice in their usual interval between "
        "news, but not more often than this.",
    )
    longest_poll_minutes: float = Field(
        default=60.0, gt=0, le=1440, description="Nor more seldom than this, as long as they answer."
    )
    threads: int = Field(default=8, ge=1, le=64, description="Sources on the web that are asked at the same time.")
    max_item_bytes: int = Field(default=1_000_000, ge=1_000, description="A larger item goes to the dead letters.")
    horizon_days: float = Field(
        default=30.0,
        gt=0,
        description="What the web or a push gives that is older is counted, and goes no further; "
        "files may hold news of any age.",
    )
    spool_mb: int = Field(
        default=256,
        ge=1,
        description="What is fetched and not yet in Kafka waits on this disk, at most so much; then polls wait.",
    )
    starter_feeds: bool = Field(
        default=False, description="Whether the public finance feeds that ship with the monitor are read too."
    )
    user_agent: str = Field(
        default="sentiment-monitor/0.1",
        min_length=1,
        max_length=200,
        pattern=r"^[\x20-\x7e]+$",
        description="What sources on the web are told of us; better with an address at which you can be reached.",
    )
    allowed_addresses: tuple[str, ...] = Field(
        default=(), description="Networks that may be asked though they are not public, such as `10.1.2.0/24`."
    )
    push: PushSettings = Field(default=PushSettings(), description="The HTTP endpoint to which programs post articles.")
