"""How well companies are recognised in texts, and how fast.

    python -m benchmarks.entities [--data DIR] [--errors] [--json]

Two sets have gold: benchmarks/entity_sentences/sentences.jsonl, written for this repository around names that mean
something else as well, and FinEntity, whose spans are mapped to companies by benchmarks/entity_sentences. Both are
halved; rules and weights were made on the tune halves alone, and `precision` and `recall` are those of the test halves
together. A company counts once for each text, and only companies of the gazetteer count.

Beside them: how often a company that SEntFiN labels, which few lists know, gets an entity of its own name;
how often the company of the ticker that a tweet of stocknet was found by is recognised in it; and headlines a second.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import process_time
from typing import Any

from benchmarks.data import WHERE_DATA_IS, find_data
from monitor.classify.choosing import open_engine
from monitor.classify.engine import Engine
from monitor.classify.linking import join
from monitor.classify.openvino_engine import SHIPPED_MODEL
from monitor.classify.text import prepare_text
from monitor.entities.gazetteer import load_gazetteer
from monitor.entities.matching import Matcher, Verdict
from monitor.entities.names import provisional_id
from monitor.entities.similarity import Similarity
from monitor.entities.unknown import unknown_id
from monitor.errors import MonitorError
from pipelines.entity_sets import FINENTITY, read_sentfin, split_test

SENTENCES = Path(__file__).parent / "entity_sentences"
HEADLINES = "news_headlines/headlines_to_2019_03.csv.gz"
TWEETS = "stocknet/tweets_to_2015_03.csv.gz"
SPEED_TEXTS = 20_000
SPEED_ROUNDS = 3
BATCH = 256


@dataclass(frozen=True)
class Labelled:
    """A text, the companies of the gazetteer that it names, and which half it belongs to."""

    text: str
    entities: frozenset[str]
    half: str


@dataclass
class Tally:
    """Companies found and missed."""

    right: int = 0
    wrong: int = 0
    missed: int = 0
    errors: list[str] = field(default_factory=list)

    def add(self, found: frozenset[str], gold: frozenset[str], text: str) -> None:
        """Count one text."""
        self.right += len(found & gold)
        self.wrong += len(found - gold)
        self.missed += len(gold - found)
        if found != gold:
            self.errors.append(f"+{sorted(found - gold)} -{sorted(gold - found)} {text[:160]}")

    def figures(self) -> dict[str, float]:
        """Precision, recall, and on how many companies they stand."""
        return {
            "precision": round(self.right / max(1, self.right + self.wrong), 4),
            "recall": round(self.right / max(1, self.right + self.missed), 4),
            "companies": self.right + self.missed,
        }


def read_sentences() -> Iterator[Labelled]:
    """The sentences that come with this repository."""
    for line in (SENTENCES / "sentences.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield Labelled(row["text"], frozenset(row["entities"]), row["half"])


def read_finentity(data: Path) -> Iterator[Labelled]:
    """FinEntity with companies for its spans, and for companies that it names beyond them."""
    names = json.loads((SENTENCES / "finentity_names.json").read_text(encoding="utf-8"))
    beyond = json.loads((SENTENCES / "finentity_beyond.json").read_text(encoding="utf-8"))
    for row in json.loads((data / FINENTITY).read_text(encoding="utf-8")):
        digest = hashlib.sha256(row["content"].encode()).hexdigest()[:12]
        gold = {names[note["value"]] for note in row["annotations"] if note["value"] in names}
        half = "tune" if int(digest[:2], 16) % 2 else "test"
        yield Labelled(row["content"], frozenset(gold.union(beyond.get(digest, ()))), half)


class Recogniser:
    """The matcher, with the shipped model's embeddings for what it leaves open."""

    def __init__(self, matcher: Matcher, engine: Engine) -> None:
        self._matcher = matcher
        self._engine = engine
        self._similarity = Similarity(matcher.gazetteer, matcher.ambiguity, lambda t: engine.classify(t).embeddings)
        self.open = 0

    def entities(self, text: str) -> frozenset[str]:
        """The companies that a text names."""
        matches = self._matcher.match(text)
        if any(match.verdict is Verdict.OPEN for match in matches):
            self.open += 1
            embedding = self._engine.classify([prepare_text(text)]).embeddings[0]
            matches = [self._similarity.decide(match, embedding) for match in matches]
        return frozenset(match.entity for match in matches if match.verdict is Verdict.ACCEPTED)


def judge(recogniser: Recogniser, labelled: Iterable[Labelled]) -> dict[str, Tally]:
    """Tallies by half."""
    tallies = {"tune": Tally(), "test": Tally()}
    for item in labelled:
        tallies[item.half].add(recogniser.entities(item.text), item.entities, item.text)
    return tallies


def open_mentions(data: Path, matcher: Matcher, engine: Engine) -> dict[str, float]:
    """SEntFiN's held-out tenth: labelled names that get an entity, and those that get one of exactly their name.

    Its labels are also of goods, currencies and sectors, which are no companies and not counted.
    """
    _, held_out = split_test(read_sentfin(data))
    linked = exact = total = 0
    for start in range(0, len(held_out), BATCH):
        batch = held_out[start : start + BATCH]
        scores = engine.classify([example.text for example in batch])
        for example, mentions in zip(batch, scores.mentions, strict=True):
            tagged, untagged = join(example.text, mentions, matcher.explain(example.text), matcher.ambiguity.words)
            found = [(mention.start, mention.end, mention.entity) for mention in tagged]
            found += [(match.start, match.end, match.entity) for match in untagged]
            for gold in example.mentions or ():
                name = example.text[gold.start : gold.end]
                if not (any(map(str.isupper, name)) and unknown_id(name)):
                    continue
                total += 1
                touching = [one for one in found if one[0] < gold.end and gold.start < one[1] and one[2]]
                linked += bool(touching)
                own = provisional_id(name)
                exact += any(entity.removeprefix("~") == own.removeprefix("~") for _, _, entity in touching)
    return {"labelled": total, "with_an_entity": round(linked / total, 4), "of_their_name": round(exact / total, 4)}


def ticker_agreement(data: Path, matcher: Matcher) -> dict[str, float]:
    """Stocknet: rows whose ticker's company is recognised in the tweet, of those whose ticker the gazetteer knows."""
    known = agreed = rows = 0
    with gzip.open(data / TWEETS, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            rows += 1
            entity = matcher.tickers.entity_of(row["ticker"].replace("-", "."))
            if entity is not None:
                known += 1
                agreed += any(
                    match.entity == entity and match.verdict is Verdict.ACCEPTED for match in matcher.match(row["text"])
                )
    return {"rows": rows, "of_known_tickers": known, "agreement": round(agreed / max(1, known), 4)}


def headlines_per_second(data: Path, matcher: Matcher) -> float:
    """Real headlines matched in a second of one core; the median of some rounds."""
    with gzip.open(data / HEADLINES, "rt", encoding="utf-8", newline="") as file:
        texts = [row["headline"] for row in csv.DictReader(file)][:SPEED_TEXTS]
    speeds = []
    for _ in range(SPEED_ROUNDS):
        began = process_time()
        for text in texts:
            matcher.match(text)
        speeds.append(len(texts) / (process_time() - began))
    return round(sorted(speeds)[SPEED_ROUNDS // 2])


def measure(data: Path) -> tuple[dict[str, Any], list[str]]:
    """All figures, and the errors on the tune halves.

    Raises:
        MonitorError: If the data or the model cannot be loaded.
    """
    matcher = Matcher(load_gazetteer())
    engine = open_engine(SHIPPED_MODEL, threads=1)
    recogniser = Recogniser(matcher, engine)
    sets = {"sentences": judge(recogniser, read_sentences()), "finentity": judge(recogniser, read_finentity(data))}
    together = Tally()
    for tallies in sets.values():
        together.right += tallies["test"].right
        together.wrong += tallies["test"].wrong
        together.missed += tallies["test"].missed
    figures = together.figures()
    return {
        "sets": {name: {half: tally.figures() for half, tally in halves.items()} for name, halves in sets.items()},
        "asked_of_the_encoder": recogniser.open,
        "sentfin": open_mentions(data, matcher, engine),
        "stocknet": ticker_agreement(data, matcher),
        "gazetteer": len(matcher.gazetteer),
        "precision": figures["precision"],
        "recall": figures["recall"],
        "headlines_per_second": headlines_per_second(data, matcher),
    }, [error for halves in sets.values() for error in halves["tune"].errors]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from a command line; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.entities", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, help=f"folder of the data sets; {WHERE_DATA_IS}")
    parser.add_argument("--errors", action="store_true", help="show the errors on the tune halves")
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    options = parser.parse_args(arguments)
    try:
        result, errors = measure(options.data or find_data("finentity"))
    except MonitorError as error:
        print(f"entities: {error}", file=sys.stderr)
        return 2
    for line in errors if options.errors else ():
        print(line)
    if options.json:
        print(json.dumps(result))
    else:
        for key, value in result.items():
            print(f"{key:<22} {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
