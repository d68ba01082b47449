"""How well the surge stage tells copies of a story from look-alikes, beside what words or vectors alone can.

    python -m benchmarks.duplicates [--embedder base|shipped] [--json]
    python -m benchmarks.duplicates --tune [--data DIR]

The set is benchmarks/near_duplicates/stories.jsonl, written for this repository. Its texts go through the product's own
core as articles that come one after another in the order of the file; two in one chain are a predicted pair, two of one
story a true one. The figures are those of the stories marked "test"; lexicons and thresholds were made on "tune" alone.

Whoever writes the stories knows what the lexicons hold. So others, who did not, wrote more, with more and nearer
look-alikes; what one of them wrote judges (others.jsonl, "fresh"). And six more wrote stories that are meant to be
hard: of each two rewrites, one of which shares little more than the names, and two or three look-alikes of the kind
that one affair brings forth; what two of them wrote judges (hard.jsonl, "hard"). From the stories of the other writers
the shipped models learn (pipelines/stories), and from no text of those who judge.

`--tune` finds `surges.story_likeness` and `surges.story_per_nat` for a model. In a small set hardly anything is alike
by chance; so of the settings that are within .002 of the best on the tune stories, the one is taken that joins
the fewest real headlines to others that came more than two weeks before or after.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.data import WHERE_DATA_IS
from benchmarks.embedders import Embed, base_embed, shipped_embed
from benchmarks.unrelated import Unrelated, fingerprints_of, read_unrelated
from monitor.classify.embeddings import dequantise
from monitor.classify.openvino_engine import SHIPPED_MODEL
from monitor.classify.text import prepare_text
from monitor.errors import MonitorError
from monitor.learning.data.groups import near_duplicate_groups
from monitor.learning.data.stories import read_stories
from monitor.surges.advance import Sighting
from monitor.surges.core import SurgeCore
from monitor.surges.headlines import headline_key
from monitor.surges.near_duplicates import Alikeness, Fingerprint
from monitor.surges.rules import SurgeRules

STORIES = Path(__file__).parent / "near_duplicates" / "stories.jsonl"
OTHERS = STORIES.with_name("others.jsonl")
HARD = STORIES.with_name("hard.jsonl")
START = datetime(2024, 1, 1, tzinfo=UTC)
HOUSE_JACCARD = 0.6
COSINES = tuple(round(0.5 + 0.02 * step, 2) for step in range(25))
JACCARDS = tuple(round(0.2 + 0.05 * step, 2) for step in range(15))
PER_NAT = (0.03, 0.04, 0.05, 0.06)
LIKENESSES = tuple(round(0.9 + 0.05 * step, 2) for step in range(16))
WITHIN = 0.002
"""Of the best F1 on the tune stories: settings as good as that are told apart by real headlines."""
UNRELATED = 6_000

Groups = Sequence[Hashable]
Alike = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Figures:
    """Over pairs, each in [0, 1]."""

    f1: float
    precision: float
    recall: float


@dataclass(frozen=True)
class Texts:
    """The texts of one split, in the order of the file (a story's original first).

    Attributes:
        texts: As `prepare_text` returns them.
        stories: The true groups.
        fingerprints: As the surge stage is given them.
    """

    texts: list[str]
    stories: list[str]
    fingerprints: list[Fingerprint]

    @cached_property
    def cosines(self) -> Alike:
        """[n, n]."""
        vectors = dequantise([each.embedding for each in self.fingerprints])
        return vectors @ vectors.T


def pair_figures(truth: Groups, found: Groups) -> Figures:
    """Precision, recall and F1 over pairs of texts that share a group.

    >>> pair_figures("aabb", "xxyz")
    Figures(f1=0.6667, precision=1.0, recall=0.5)
    """
    both, predicted, true = _pairs(list(zip(truth, found, strict=True))), _pairs(found), _pairs(truth)
    precision = both / predicted if predicted else 1.0
    recall = both / true if true else 1.0
    f1 = 2 * precision * recall / (precision + recall) if both else 0.0
    return Figures(round(f1, 4), round(precision, 4), round(recall, 4))


def chained(alike: Alike, threshold: float) -> list[int]:
    """Groups by the chain rule: a text joins the story whose first text is most like it, or begins a story.

    Args:
        alike: [n, n], how alike two texts are.
        threshold: From which a text joins.

    Returns:
        The place of the first text of each one's story.
    """
    firsts, found = list[int](), list[int]()
    for place, row in enumerate(alike):
        best = max(firsts, key=lambda first: row[first], default=place)
        joins = best != place and row[best] >= threshold
        found.append(best if joins else place)
        if not joins:
            firsts.append(place)
    return found


def by_words(data: Texts, jaccard: float) -> Groups:
    """MinHash over word 3-shingles, as training splits are made."""
    return near_duplicate_groups(data.texts, jaccard).tolist()  # type: ignore[no-any-return]


def by_vectors(data: Texts, cosine: float) -> Groups:
    """The chain rule over cosines."""
    return chained(data.cosines, cosine)


def by_product(data: Texts, rules: SurgeRules) -> Groups:
    """The chains that the surge stage makes of the texts, which it sees one a second."""
    sightings = [
        Sighting(
            article_id=f"{place:05}",
            source="set",
            title=text,
            event_time=START + timedelta(seconds=place),
            first_seen_at=START + timedelta(seconds=place),
            dated=False,
            topic="",
            negative=False,
            fingerprint=fingerprint,
        )
        for place, (text, fingerprint) in enumerate(zip(data.texts, data.fingerprints, strict=True))
    ]
    members = SurgeCore(rules).advance(START + timedelta(hours=2), sightings).members
    return [members[sighting.article_id].story_id for sighting in sightings]


PEERS: dict[str, tuple[Callable[[Texts, float], Groups], tuple[float, ...]]] = {
    "minhash": (by_words, (HOUSE_JACCARD,)),
    "minhash_tuned": (by_words, JACCARDS),
    "embeddings": (by_vectors, COSINES),
}
"""Other ways of grouping, and the thresholds that the tune split chooses from."""


def measure(embed: Embed, rules: SurgeRules) -> dict[str, Any]:
    """Judge the product and its peers on the test split."""
    tune, test = (read_split(name, embed) for name in ("tune", "test"))
    peers: dict[str, dict[str, float]] = {
        "headline_key": asdict(pair_figures(test.stories, [headline_key(text) or text for text in test.texts]))
    }
    for name, (way, thresholds) in PEERS.items():
        chosen = max(thresholds, key=lambda value: pair_figures(tune.stories, way(tune, value)).f1)
        peers[name] = {**asdict(pair_figures(test.stories, way(test, chosen))), "threshold": chosen}
    on_tune = pair_figures(tune.stories, by_product(tune, rules))
    found = pair_figures(test.stories, by_product(test, rules))
    others = {
        name: asdict(pair_figures(data.stories, by_product(data, rules)))
        for name, data in ((name, read_split(name, embed)) for name in ("fresh", "hard"))
    }
    return {**asdict(found), "texts": len(test.texts), "f1_tune": on_tune.f1, "other_writers": others, "peers": peers}


def choose(embed: Embed, data: Path | None) -> dict[str, Any]:
    """Find the settings for a model, on the tune split and real headlines."""
    tune, unrelated = read_split("tune", embed), read_unrelated(embed, data, UNRELATED)
    figures = {
        (likeness, per_nat): pair_figures(tune.stories, by_product(tune, _rules(likeness, per_nat)))
        for per_nat in PER_NAT
        for likeness in LIKENESSES
    }
    best = max(each.f1 for each in figures.values())
    good = [setting for setting, each in figures.items() if each.f1 >= best - WITHIN]
    joined = {setting: _joined(unrelated, *setting) for setting in good}
    chosen = min(good, key=lambda setting: (joined[setting], -figures[setting].f1))
    return {
        "story_likeness": chosen[0],
        "story_per_nat": chosen[1],
        "f1_tune": figures[chosen].f1,
        "best_f1_tune": best,
        "unrelated_joined": round(joined[chosen], 4),
        "settings": [
            {"story_likeness": setting[0], "story_per_nat": setting[1], "f1_tune": figures[setting].f1,
             "unrelated_joined": round(joined[setting], 4)}
            for setting in good
        ],
    }  # fmt: skip


def read_split(name: str, embed: Embed) -> Texts:
    """The texts of a split with their fingerprints."""
    rows = [row for path in (STORIES, OTHERS, HARD) for row in read_stories(path) if row.split == name]
    texts = [prepare_text(row.text) for row in rows]
    return Texts(texts, [row.story for row in rows], fingerprints_of(texts, embed))


def _rules(likeness: float, per_nat: float) -> SurgeRules:
    return SurgeRules(story_likeness=likeness, story_per_nat=per_nat)


def _joined(unrelated: Unrelated, likeness: float, per_nat: float) -> float:
    return unrelated.joined_share(Alikeness(likeness=likeness, per_nat=per_nat))


def _pairs(groups: Groups) -> int:
    return sum(size * (size - 1) // 2 for size in Counter(groups).values())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from a command line; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.duplicates", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--embedder", choices=("base", "shipped"), default="shipped")
    parser.add_argument("--model", type=Path, default=SHIPPED_MODEL, help="model folder; the shipped one by default")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads")
    parser.add_argument(
        "--tune", action="store_true", help="find the settings for the embedder; no figures of the test"
    )
    parser.add_argument("--data", type=Path, help=f"with --tune: folder of the data sets; {WHERE_DATA_IS}")
    parser.add_argument("--json", action="store_true", help="print JSON only; the last line is one object")
    options = parser.parse_args(arguments)
    try:
        if options.embedder == "base":
            embed, version = base_embed(options.threads), "base"
        else:
            embed, version = shipped_embed(options.model, options.threads, "stories")
        result = choose(embed, options.data) if options.tune else measure(embed, SurgeRules())
    except ImportError as error:
        print(f"duplicates: the base needs torch and transformers ({error}); install the extra: train", file=sys.stderr)
        return 2
    except MonitorError as error:
        print(f"duplicates: {error}", file=sys.stderr)
        return 2
    result = {"embedder": version, **result}
    if not options.json:
        _print(result)
    print(json.dumps(result))
    return 0


def _print(result: dict[str, Any]) -> None:
    rows = result.get("settings") or [
        {"way": "product", **{key: result[key] for key in ("f1", "precision", "recall")}},
        *({"way": f"product, {name}", **figures} for name, figures in result["other_writers"].items()),
        *({"way": name, **figures} for name, figures in result["peers"].items()),
    ]
    for row in rows:
        print("  ".join(f"{key} {value}" for key, value in row.items()))


if __name__ == "__main__":
    sys.exit(main())
