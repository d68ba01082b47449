"""Sentiment toward a company: read off its tokens, or asked for by marking it in the text?

    python -m benchmarks.target_marking [--base NAME] [--epochs N] [--seeds S ...] [--json]

Both ways start from the same untouched encoder, learn from the same nine tenths of SEntFiN's headlines, and are judged
on the tenth that is never trained on:

- pooled: a headline is read once, and the tokens of each company are averaged and judged, as the product does;
- marked: a headline is read once for each of its companies, with a mark before and after it.

What marking costs is how many more tokens are read, in training and whenever the classifier is asked.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.data import WHERE_DATA_IS, find_data
from monitor.errors import MonitorError
from monitor.learning.data.examples import Example
from pipelines.entity_sets import read_sentfin, split_test

BATCH_TEXTS = 32
MAX_TOKENS = 128
CLASSES = 3
WARM_UP = 0.1
RATE = 1e-4
HEAD_RATE = 1e-3
MARKS = ("\u00ab ", " \u00bb")
"""Marks that both bases' vocabularies have and headlines do not."""

Span = tuple[int, int]


@dataclass(frozen=True)
class Asked:
    """A text as it is read, and the companies that are judged in it: characters and sentiment of each."""

    text: str
    targets: tuple[tuple[Span, int], ...]


def pooled(examples: Sequence[Example]) -> list[Asked]:
    """Each headline once."""
    return [asked for example in examples if (asked := Asked(example.text, _targets(example))).targets]


def marked(examples: Sequence[Example]) -> list[Asked]:
    """Each headline once for each company, which stands between marks.

    >>> from monitor.learning.data.examples import LabelledMention
    >>> marked([Example("Acme sues Bolt", mentions=(LabelledMention(10, 14, 0),))])[0].text
    'Acme sues « Bolt »'
    """
    before, after = MARKS
    return [
        Asked(
            example.text[:start] + before + example.text[start:end] + after + example.text[end:],
            (((start + len(before), end + len(before)), sentiment),),
        )
        for example in examples
        for (start, end), sentiment in _targets(example)
    ]


WAYS: dict[str, Callable[[Sequence[Example]], list[Asked]]] = {"pooled": pooled, "marked": marked}


def measure(data: Path, base: str, epochs: int, seeds: Sequence[int]) -> dict[str, Any]:
    """Trains and judges each way once a seed."""
    training, test = split_test(read_sentfin(data))
    result: dict[str, Any] = {"base": base, "epochs": epochs, "seeds": list(seeds)}
    for name, way in WAYS.items():
        runs = [_run(way(training), way(test), base, epochs, seed) for seed in seeds]
        accuracies = [run["accuracy"] for run in runs]
        result[name] = {
            "accuracy": round(statistics.mean(accuracies), 4),
            "spread": round(max(accuracies) - min(accuracies), 4),
            "macro_f1": round(statistics.mean(run["macro_f1"] for run in runs), 4),
            "texts_read": runs[0]["texts_read"],
            "companies": runs[0]["companies"],
            "seconds": round(statistics.mean(run["seconds"] for run in runs), 1),
        }
    return result


def _run(training: list[Asked], test: list[Asked], base: str, epochs: int, seed: int) -> dict[str, float]:
    import torch
    from torch import nn

    from monitor.learning.network.bases import base_folder, base_named
    from monitor.learning.network.model import load_encoder

    random.seed(seed)
    torch.manual_seed(seed)
    pinned = base_named(base)
    folder = base_folder(pinned)
    tokenizer = _tokenizer(folder, pinned.pad_id)
    encoder: Any = load_encoder(folder)
    head = nn.Linear(encoder.config.hidden_size, CLASSES)
    optimiser = torch.optim.AdamW(
        [{"params": encoder.parameters(), "lr": RATE}, {"params": head.parameters(), "lr": HEAD_RATE}],
        weight_decay=0.01,
        fused=True,
    )
    steps = epochs * -(-len(training) // BATCH_TEXTS)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / (WARM_UP * steps), (steps - step) / ((1 - WARM_UP) * steps))
    )

    def answers(batch: Sequence[Asked]) -> tuple[Any, Any]:
        ids, mask, pooling, labels = _tensors(tokenizer, batch)
        states = encoder(input_ids=ids, attention_mask=mask).last_hidden_state  # [texts, tokens, width]
        return head(pooling @ states.flatten(0, 1)), labels

    began = time.perf_counter()
    encoder.train()
    for epoch in range(epochs):
        total = 0.0
        for batch in _batches(training, shuffled=True):
            logits, labels = answers(batch)
            loss: Any = nn.functional.cross_entropy(logits, labels)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            total += float(loss) * len(batch)
        print(f"epoch {epoch + 1}: loss {total / len(training):.4f}", file=sys.stderr)
    seconds = time.perf_counter() - began
    encoder.eval()
    found, wanted = list[int](), list[int]()
    with torch.inference_mode():
        for batch in _batches(test, shuffled=False):
            logits, labels = answers(batch)
            found += logits.argmax(dim=-1).tolist()
            wanted += labels.tolist()
    return {**_figures(found, wanted), "texts_read": len(test), "companies": len(wanted), "seconds": seconds}


def _tensors(tokenizer: Any, batch: Sequence[Asked]) -> tuple[Any, Any, Any, Any]:
    """Ids, mask [texts, tokens], how each company averages the batch's tokens [companies, texts * tokens], labels."""
    import torch

    encodings = tokenizer.encode_batch([asked.text for asked in batch])
    width = len(encodings[0].ids)
    rows, labels = list[Any](), list[int]()
    for place, (asked, encoding) in enumerate(zip(batch, encodings, strict=True)):
        for (start, end), sentiment in asked.targets:
            within = [at for at, (first, last) in enumerate(encoding.offsets) if first < end and start < last]
            row = torch.zeros(len(batch) * width)
            row[[place * width + at for at in within or [0]]] = 1.0 / max(1, len(within))
            rows.append(row)
            labels.append(sentiment)
    ids = torch.tensor([encoding.ids for encoding in encodings])
    mask = torch.tensor([encoding.attention_mask for encoding in encodings])
    return ids, mask, torch.stack(rows), torch.tensor(labels)


def _batches(items: list[Asked], *, shuffled: bool) -> Iterator[list[Asked]]:
    order = list(items)
    if shuffled:
        random.shuffle(order)
    for start in range(0, len(order), BATCH_TEXTS):
        yield order[start : start + BATCH_TEXTS]


def _tokenizer(folder: Path, pad_id: int) -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_padding(pad_id=pad_id)
    tokenizer.enable_truncation(max_length=MAX_TOKENS)
    return tokenizer


def _figures(found: Sequence[int], wanted: Sequence[int]) -> dict[str, float]:
    mine, true = np.array(found), np.array(wanted)
    scores = [
        2 * np.sum((mine == label) & (true == label)) / max(1, np.sum(mine == label) + np.sum(true == label))
        for label in range(CLASSES)
    ]
    return {"accuracy": float(np.mean(mine == true)), "macro_f1": float(np.mean(scores))}


def _targets(example: Example) -> tuple[tuple[Span, int], ...]:
    return tuple(
        ((mention.start, mention.end), mention.sentiment)
        for mention in example.mentions or ()
        if mention.sentiment is not None
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from a command line; returns its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.target_marking", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--data", type=Path, help=f"folder of the data sets; {WHERE_DATA_IS}")
    parser.add_argument("--base", default="all-MiniLM-L6-v2", help="all-MiniLM-L6-v2 or all-mpnet-base-v2")
    parser.add_argument("--epochs", type=int, default=4, help="of training")
    parser.add_argument("--seeds", type=int, nargs="+", default=[7], help="one training each")
    parser.add_argument("--json", action="store_true", help="print JSON only; the last line is one object")
    options = parser.parse_args(arguments)
    try:
        result = measure(options.data or find_data("sentfin"), options.base, options.epochs, options.seeds)
    except ImportError as error:
        print(f"target_marking: torch is needed ({error}); install the extra: train", file=sys.stderr)
        return 2
    except MonitorError as error:
        print(f"target_marking: {error}", file=sys.stderr)
        return 2
    if not options.json:
        for name in WAYS:
            print(name, "  ".join(f"{key} {value}" for key, value in result[name].items()))
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
