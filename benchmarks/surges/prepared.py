"""Real texts made ready for replays: read as the line reads them, scored once, and kept under var/benchmarks.

Headlines become scored articles with their companies linked, names that no list knows included, as the classify stage
writes them. Tweets become the probability of each sentiment. What was scored is kept by model, gazetteer and texts, so
that a change of any scores anew. The folder holds texts of others and stays out of the repository.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from monitor.articles import Article
from monitor.broker.codec import decode_scored, encode
from monitor.classify.engine import Engine, Floats
from monitor.classify.linking import Linker
from monitor.classify.scored import ScoredArticle
from monitor.classify.scoring import score
from monitor.classify.text import prepare_text
from monitor.errors import InputError
from monitor.ingest.items import ColumnMap, Item, ItemReader
from monitor.ingest.recording import Recording
from monitor.surges.recognising import recognised

CACHE: Final = Path("var") / "benchmarks"
HEADLINES: Final = Path("news_headlines") / "headlines_to_2019_03.csv.gz"
LANGUAGE: Final = "en"

_BATCH = 256  # texts
_EASTERN = ZoneInfo("America/New_York")
_COLUMNS = ColumnMap(
    text="headline", body="description", time="time", id="", url="", updated="", author="", parent="", language=""
)
_ROOMS = Path(__file__).resolve().parents[2] / "monitor"
_LINKING = (_ROOMS / "entities" / "data", _ROOMS / "entities", _ROOMS / "classify" / "linking.py")

Say = Callable[[str], None]


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a gzipped CSV file.

    Raises:
        InputError: It is not there.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error}.", "Name the folder of the data sets with --data.") from error


def articles_of(rows: Iterable[dict[str, str]]) -> list[Article]:
    """Headlines as articles in the order of a replay: dates come at the end of their day (UTC), times are US Eastern.

    Args:
        rows: With `time`, `source`, `headline` and `description`.
    """
    items = [
        Item(str(number), {**row, "time": zoned(row["time"])}, row["headline"].encode())
        for number, row in enumerate(rows)
    ]
    recording = Recording(items, ItemReader(name="headlines", columns=_COLUMNS, zone=UTC))
    read = (recording.read(arrival) for arrival in recording.arrivals())
    return [article for article in read if isinstance(article, Article)]


def zoned(time: str) -> str:
    """A time of day with the zone that it lacks; a date as it is.

    >>> zoned("2018-05-21"), zoned("2018-05-21T19:16")
    ('2018-05-21', '2018-05-21T19:16-04:00')
    """
    if len(time) == len("2018-05-21"):
        return time
    return datetime.fromisoformat(time).replace(tzinfo=_EASTERN).isoformat(timespec="minutes")


def scored_headlines(
    articles: Sequence[Article], engine: Engine, linker: Linker, cache: Path = CACHE, say: Say = print
) -> list[ScoredArticle]:
    """English articles with scores and linked mentions, in order; repeats of an article are dropped, as in the line.

    Args:
        articles: In any language.
        engine: Scores them, where they are not in the cache.
        linker: Finds their companies.
        cache: Folder of what was scored before.
        say: Told how far it is.
    """
    readable = list({one.id: one for one in articles if one.language == LANGUAGE}.values())
    texts = (f"{one.title}\n{one.body}".encode() for one in readable)
    kept = cache / f"headlines-{_key(engine, texts, _linking())}.jsonl.gz"
    if not kept.is_file():
        _keep(kept, b"\n".join(encode(one) for one in _score(readable, engine, linker, say)))
    with gzip.open(kept, "rb") as file:
        decoded = [decode_scored(line) for line in file.read().splitlines()]
    scored = [one for one in decoded if isinstance(one, ScoredArticle)]
    owned = [msgspec.structs.replace(one, article=own) for one, own in zip(scored, readable, strict=True)]
    return _recognised(owned)


def _recognised(scored: Sequence[ScoredArticle]) -> list[ScoredArticle]:
    """As the counter does it; in the order given."""
    ordered = sorted(scored, key=lambda one: (one.article.first_seen_at, one.article.event_time, one.article.id))
    settled = {one.article.id: one for one in recognised(ordered, set()) if isinstance(one, ScoredArticle)}
    return [settled[one.article.id] for one in scored]


def _score(articles: Sequence[Article], engine: Engine, linker: Linker, say: Say) -> list[ScoredArticle]:
    """As the classify stage does it."""
    found: list[ScoredArticle] = []
    for start in range(0, len(articles), _BATCH):
        batch = articles[start : start + _BATCH]
        found += score(batch, engine, linker)
        if start // _BATCH % 8 == 0:
            say(f"scored {len(found)} of {len(articles)} headlines")
    return found


def sentiments(texts: Sequence[str], engine: Engine, cache: Path = CACHE, say: Say = print) -> Floats:
    """Probabilities of negative, neutral and positive, [texts, 3]; equal texts are scored once.

    Args:
        texts: As they were written.
        engine: Scores them, where they are not in the cache.
        cache: Folder of what was scored before.
        say: Told how far it is.
    """
    prepared = [prepare_text(text) for text in texts]
    distinct = {text: place for place, text in enumerate(dict.fromkeys(prepared))}
    kept = cache / f"sentiments-{_key(engine, (text.encode() for text in distinct))}.npy"
    if not kept.is_file():
        unique, rows = list(distinct), []
        for start in range(0, len(unique), _BATCH):
            rows.append(engine.classify(unique[start : start + _BATCH]).sentiment_probabilities)
            if start // _BATCH % 8 == 0:
                say(f"scored {start + len(rows[-1])} of {len(unique)} texts")
        kept.parent.mkdir(parents=True, exist_ok=True)
        partial = kept.with_suffix(".partial.npy")
        np.save(partial, np.concatenate([np.empty((0, 3)), *rows]))
        partial.replace(kept)
    probabilities: Floats = np.load(kept)[[distinct[text] for text in prepared]]
    return probabilities


def _keep(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_bytes(gzip.compress(content, compresslevel=4))
    partial.replace(path)


def _key(engine: Engine, texts: Iterable[bytes], *more: str) -> str:
    digest = hashlib.blake2b(digest_size=6)
    for part in (*(one.encode() for one in more), *texts):
        digest.update(len(part).to_bytes(8, "big") + part)
    return f"{engine.model_version}-{digest.hexdigest()}"


def _linking() -> str:
    """Changes with all that decides which companies a text names."""
    digest = hashlib.blake2b(digest_size=6)
    for place in _LINKING:
        for file in sorted(place.iterdir()) if place.is_dir() else [place]:
            if file.is_file():
                digest.update(file.read_bytes())
    return digest.hexdigest()
