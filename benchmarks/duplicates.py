"""How well copies of a story are told from look-alikes: by words, by embeddings, and by both with the facts compared.

    python -m benchmarks.duplicates [--embedder base|shipped] [--json]

The set is benchmarks/near_duplicates/stories.jsonl, written for this repository. Every way makes clusters; two texts in
one cluster are a predicted pair, two of one story a true one. Thresholds are chosen on the stories marked "tune", the
figures are those of the stories marked "test".
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from benchmarks.contradictions import contradict, facts
from benchmarks.embedders import Embed, Vectors, base_embed, shipped_embed
from monitor.classify.openvino_engine import SHIPPED_MODEL
from monitor.classify.text import prepare_text
from monitor.errors import MonitorError
from monitor.learning.groups import near_duplicate_groups
from monitor.surges.stories import headline_key

STORIES = Path(__file__).parent / "near_duplicates" / "stories.jsonl"
HOUSE_JACCARD = 0.6
COSINES = tuple(round(0.5 + 0.01 * step, 2) for step in range(49))
JACCARDS = tuple(round(0.2 + 0.05 * step, 2) for step in range(15))
_NEVER = -1.0

Groups = Sequence[Hashable]
Alike = npt.NDArray[np.float32]


class StoryText(msgspec.Struct, frozen=True):
    """One text of the set.

    Attributes:
        story: Texts of one story are near-duplicates of one another.
        kind: "original", "wire_edit", "rewrite", "numbers", "added_lead", "truncated" or "lookalike".
        split: "tune" or "test"; that of a look-alike is that of the story it resembles.
        text: As a source would send it.
        resembles: The story that a look-alike resembles; empty otherwise.
    """

    story: str
    kind: str
    split: str
    text: str
    resembles: str = ""


@dataclass(frozen=True)
class Figures:
    """Over pairs, each in [0, 1]."""

    f1: float
    precision: float
    recall: float


@dataclass(frozen=True)
class Texts:
    """The texts of one split, in the order of the file (a story's original first), and what is known of each pair.

    Attributes:
        texts: As `prepare_text` returns them.
        stories: The true groups.
        vectors: [n, width], of length 1.
    """

    texts: list[str]
    stories: list[str]
    vectors: Vectors

    @cached_property
    def cosines(self) -> Alike:
        """[n, n]."""
        return self.vectors @ self.vectors.T

    @cached_property
    def contradicting(self) -> npt.NDArray[np.bool_]:
        """Whether two texts contradict each other [n, n]; looked at only where they are alike at all."""
        found = np.zeros(self.cosines.shape, dtype=np.bool_)
        known = [facts(text) for text in self.texts]
        for one, other in np.argwhere(np.triu(self.cosines >= COSINES[0], 1)).tolist():
            found[one, other] = found[other, one] = contradict(known[one], known[other]) is not None
        return found


def read_stories(path: Path = STORIES) -> list[StoryText]:
    """The set, in the order of its file."""
    decoder = msgspec.json.Decoder(StoryText)
    return [decoder.decode(line) for line in path.read_bytes().splitlines()]


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


def by_either(data: Texts, cosine: float) -> Groups:
    """The chain rule where the cosine or MinHash at the house's similarity says so."""
    return chained(_either(data), cosine)


def by_either_checked(data: Texts, cosine: float) -> Groups:
    """The same, but a text never joins a story whose first text it contradicts."""
    return chained(np.where(data.contradicting, _NEVER, _either(data)), cosine)


def by_words_checked(data: Texts, jaccard: float) -> Groups:
    """The chain rule within MinHash's groups, facts compared: what the check is worth without embeddings."""
    groups = np.asarray(by_words(data, jaccard))
    same = groups[:, None] == groups[None, :]
    return chained(np.where(same & ~data.contradicting, 1.0, _NEVER).astype(np.float32), 1.0)


WAYS: dict[str, tuple[Callable[[Texts, float], Groups], tuple[float, ...]]] = {
    "minhash": (by_words, (HOUSE_JACCARD,)),
    "minhash_tuned": (by_words, JACCARDS),
    "minhash_checked": (by_words_checked, JACCARDS),
    "embeddings": (by_vectors, COSINES),
    "minhash_or_embeddings": (by_either, COSINES),
    "combined": (by_either_checked, COSINES),
}
"""Each way of grouping, and the thresholds that the tune split chooses from."""


def measure(embed: Embed) -> dict[str, Any]:
    """Judge every way on the test split; the figures on top are those of "combined"."""
    tune, test = (_split(name, embed) for name in ("tune", "test"))
    found: dict[str, dict[str, float]] = {
        "headline_key": asdict(pair_figures(test.stories, [headline_key(text) or text for text in test.texts]))
    }
    for name, (way, thresholds) in WAYS.items():
        chosen = max(thresholds, key=lambda value: pair_figures(tune.stories, way(tune, value)).f1)
        found[name] = {**asdict(pair_figures(test.stories, way(test, chosen))), "threshold": chosen}
    return {**found["combined"], "texts": len(test.texts), "peers": found}


def _split(name: str, embed: Embed) -> Texts:
    rows = [row for row in read_stories() if row.split == name]
    texts = [prepare_text(row.text) for row in rows]
    return Texts(texts, [row.story for row in rows], embed(texts))


def _either(data: Texts) -> Alike:
    groups = np.asarray(by_words(data, HOUSE_JACCARD))
    return np.where(groups[:, None] == groups[None, :], np.float32(1.0), data.cosines)


def _pairs(groups: Groups) -> int:
    return sum(size * (size - 1) // 2 for size in Counter(groups).values())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from a command line; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.duplicates", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--embedder", choices=("base", "shipped"), default="shipped")
    parser.add_argument("--model", type=Path, default=SHIPPED_MODEL, help="model folder; the shipped one by default")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads")
    parser.add_argument("--json", action="store_true", help="print JSON only; the last line is one object")
    options = parser.parse_args(arguments)
    try:
        if options.embedder == "base":
            embed, version = base_embed(options.threads), "base"
        else:
            embed, version = shipped_embed(options.model, options.threads)
    except ImportError as error:
        print(f"duplicates: the base needs torch and transformers ({error}); install the extra: train", file=sys.stderr)
        return 2
    except MonitorError as error:
        print(f"duplicates: {error}", file=sys.stderr)
        return 2
    result = {"embedder": version, **measure(embed)}
    if options.json:
        print(json.dumps(result))
    else:
        for name, figures in result["peers"].items():
            print(f"{name:<22} " + "  ".join(f"{key} {value:.4f}" for key, value in figures.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
