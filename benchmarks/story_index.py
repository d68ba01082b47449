"""What near-duplicates cost: processor time an article with so many stories alive, and memory however many came before.

    python -m benchmarks.story_index [--live 20000] [--articles 100000] [--json]

Invented articles of Zipf-distributed words, a figure and a lead, of which a fifth tell a story of the last hours again
in other words; embeddings of 384 bytes that are alike as those of one field are. They go through the product's own
`StoryIndex`, fingerprints included. Time is that of the process, so that waiting for a busy machine does not count. The
last line is one JSON object: `microseconds_per_article, live_stories, articles, chained_share, memory_mb,
bytes_per_story`.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate, islice

import numpy as np
import numpy.typing as npt

from monitor.classify.embeddings import quantise
from monitor.ingest.shingles import shingles_of
from monitor.surges.headlines import headline_key, lead_of
from monitor.surges.near_duplicates import Fingerprint
from monitor.surges.rules import SurgeRules
from monitor.surges.stories import FULL_NOVELTY, StoryHead, StoryIndex

START = datetime(2024, 1, 1, tzinfo=UTC)
WIDTH = 384
WORDS = 40_000
TOLD_AGAIN = 0.2
_SYLLABLES = "ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu".split()  # noqa: SIM905
_BATCH = 1_000


def main() -> int:
    """Run from a command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.story_index")
    parser.add_argument("--live", type=int, default=20_000, help="stories alive, and known by what they say")
    parser.add_argument("--articles", type=int, default=60_000, help="articles in all")
    parser.add_argument("--json", action="store_true", help="nothing but the last line")
    options = parser.parse_args()
    rules = SurgeRules()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    index = StoryIndex((), options.live, options.live, rules.alikeness)
    chained, measured, spent, number = 0, 0, 0.0, 0
    # Of many articles at once: to ask for the time is to let others run, and to find the caches cold after them.
    every = articles(options.articles)
    while batch := list(islice(every, _BATCH)):
        begun = time.process_time()
        joined = 0
        for title, body, embedding, shingles in batch:
            told = Fingerprint(text=lead_of(title, body), shingles=shingles, embedding=embedding, model_version="one")
            key = headline_key(title)
            head = index.find(key, told)
            now = START + timedelta(seconds=number)
            index.put(head.with_member() if head else _head(number, key, told, now))
            index.expire(now)
            joined += head is not None
            number += 1
        if number > options.articles // 2:
            spent += time.process_time() - begun
            measured += len(batch)
            chained += joined
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    result = {
        "microseconds_per_article": round(spent / measured * 1e6, 1),
        "live_stories": options.live,
        "articles": options.articles,
        "chained_share": round(chained / measured, 3),
        "memory_mb": round(memory, 1),
        "bytes_per_story": round(memory * 1024 * 1024 / options.live),
    }
    print(json.dumps(result))
    return 0


def articles(count: int) -> Iterator[tuple[str, str, bytes, bytes]]:
    """Headline, lead, embedding and signature of each."""
    chance, noise = random.Random(1), np.random.default_rng(1)
    words = ["".join(chance.choices(_SYLLABLES, k=chance.randint(2, 4))) for _ in range(WORDS)]
    weights = list(accumulate(1 / (rank + 20) for rank in range(WORDS)))
    common = noise.normal(size=WIDTH).astype(np.float32)
    recent: list[tuple[list[str], npt.NDArray[np.float32]]] = []
    for _ in range(0, count, _BATCH):
        texts: list[tuple[str, str]] = []
        vectors: list[npt.NDArray[np.float32]] = []
        for _ in range(_BATCH):
            if recent and chance.random() < TOLD_AGAIN:
                said, vector = chance.choice(recent)
                said = chance.sample(said, len(said) - 6) + chance.choices(words, cum_weights=weights, k=6)
                vector = vector + 0.4 * noise.normal(size=WIDTH).astype(np.float32)
            else:
                said = [*chance.choices(words, cum_weights=weights, k=24), f"{chance.randint(1, 99)}%"]
                vector = common + noise.normal(size=WIDTH).astype(np.float32)
                recent = [*recent[-400:], (said, vector)]
            texts.append((" ".join(said[:10]).capitalize(), " ".join(said[10:]).capitalize()))
            vectors.append(vector / np.linalg.norm(vector))
        for (title, body), embedding in zip(texts, quantise(np.stack(vectors)), strict=True):
            yield title, body, embedding, shingles_of(title, body)


def _head(number: int, key: str, told: Fingerprint, now: datetime) -> StoryHead:
    return StoryHead(
        story_id=f"{number:032x}",
        key=key,
        members=1,
        novelty=FULL_NOVELTY,
        topic="Markets",
        negative=False,
        dated=False,
        event_time=now,
        first_seen_at=now,
        entered_at=now,
        expires_at=now + timedelta(days=3),
        text=told.text,
        shingles=told.shingles,
        embedding=told.embedding,
        model_version=told.model_version,
    )


if __name__ == "__main__":
    raise SystemExit(main())
