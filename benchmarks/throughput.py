"""How many texts a second the shipped engine scores, beside a `transformers` pipeline with a BERT-base, in one run.

    python -m benchmarks.throughput [--model FOLDER] [--json]

The peer has FinBERT's architecture and random weights, which do not matter for speed; both read the same generated
texts, tokenising included, in interleaved rounds. The memory is that of a process of its own, which loads our engine
and scores the texts, at once and in batches of all sizes. Needs the extra: train.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from monitor.classify.openvino_engine import SHIPPED_MODEL, OpenVinoEngine
from monitor.errors import MonitorError

WORDS = tuple(
    """
    shares profit quarter revenue guidance dividend bank lender regulator inflation rates yields bonds treasury
    crude oil gas output demand supply merger acquisition stake buyback earnings outlook forecast analyst
    upgrade downgrade target price market index futures currency dollar euro yen gold copper mining steel
    airline carmaker retailer chipmaker drug trial approval lawsuit settlement probe fine tariff trade export
    import jobs wages growth recession recovery central board chief executive chair resigns appoints names plans
    cuts raises beats misses warns expects reports launches sells buys opens closes delays halts resumes expands
    after before amid over under ahead of the a to in on for with as from
    """.split()  # noqa: SIM905
)
TICKERS = ("$ACME", "$BNKX", "$OILC", "$GLDN", "$CHIP", "$AIRL", "$RTLX", "$PHRM")


def generated_texts(count: int, seed: int) -> list[str]:
    """Return texts of the shape of financial posts, of 28 tokens on average with all-MiniLM's words.

    Args:
        count: How many.
        seed: Equal seeds give equal texts.
    """
    draw = random.Random(seed)
    return [_text(draw) for _ in range(count)]


def _text(draw: random.Random) -> str:
    words = draw.choices(WORDS, k=max(6, min(50, round(draw.gauss(17.0, 6.0)))))
    figures = f"{draw.uniform(0.1, 9.9):.1f}%"
    return f"{draw.choice(TICKERS)} {' '.join(words).capitalize()} {figures}"


MEMORY = """
import resource, sys
from pathlib import Path
from benchmarks.throughput import generated_texts
from monitor.classify.openvino_engine import OpenVinoEngine
folder, threads, count, seed = Path(sys.argv[1]), *map(int, sys.argv[2:])
engine, texts = OpenVinoEngine(folder, threads=threads), generated_texts(count, seed)
engine.classify(texts)
start, size = 0, 1
while start < len(texts):
    engine.classify(texts[start : start + size])
    start, size = start + size, size % 150 + 7
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def peak_megabytes(folder: Path, threads: int, texts: int, seed: int) -> float:
    """Largest resident memory, in MiB, of a process that loads the engine and scores so many texts twice.

    Raises:
        subprocess.CalledProcessError: If the process fails.
    """
    given = [str(folder), str(threads), str(texts), str(seed)]
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, *given],
        cwd=Path(__file__).resolve().parent.parent,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return float(done.stdout)


def measure(
    folder: Path, texts_per_round: int, peer_texts: int, rounds: int, threads: int, seed: int
) -> dict[str, Any]:
    """Time both in turn and return the medians.

    Args:
        folder: Of our model.
        texts_per_round: For our engine, in each round.
        peer_texts: For the peer, in each round: the first so many of the same texts.
        rounds: Timed rounds of each, after one that is not timed.
        threads: CPU threads of each; 0 for all cores.
        seed: Of the texts and the peer's weights.

    Raises:
        ImportError: If torch or transformers are not installed.
    """
    threads = threads or len(os.sched_getaffinity(0))
    texts = generated_texts(texts_per_round, seed)
    memory = peak_megabytes(folder.resolve(), threads, texts_per_round, seed)
    engine = OpenVinoEngine(folder, threads=threads)
    peer, peer_batch = _fastest_peer(folder, texts[:32], threads, seed)
    ours_rates, peer_rates = list[float](), list[float]()
    engine.classify(texts)
    for _ in range(rounds):
        ours_rates.append(_rate(lambda: engine.classify(texts), len(texts)))
        peer_rates.append(_rate(lambda: peer(texts[:peer_texts], batch_size=peer_batch), peer_texts))
    ours, theirs = statistics.median(ours_rates), statistics.median(peer_rates)
    return {
        "ratio": round(ours / theirs, 2),
        "ours_per_second": round(ours, 1),
        "peer_per_second": round(theirs, 2),
        "ours_spread": [round(min(ours_rates), 1), round(max(ours_rates), 1)],
        "peer_spread": [round(min(peer_rates), 2), round(max(peer_rates), 2)],
        "texts": len(texts),
        "peer_texts": peer_texts,
        "peer_batch_size": peer_batch,
        "mean_tokens": round(statistics.mean(engine.count_tokens(texts)), 2),
        "rounds": rounds,
        "threads": threads,
        "peak_mb": round(memory, 1),
        "model_version": engine.model_version,
    }


def _fastest_peer(folder: Path, sample: list[str], threads: int, seed: int) -> tuple[Any, int]:
    """Return the peer and the batch size, of 1, 8 and 32, at which it is fastest on a sample."""
    peer = _peer(folder, threads, seed)
    peer(sample[:4], batch_size=4)
    rates = {size: _rate(partial(peer, sample, batch_size=size), len(sample)) for size in (1, 8, 32)}
    return peer, max(rates, key=lambda size: rates[size])


def _peer(folder: Path, threads: int, seed: int) -> Any:
    import torch
    from tokenizers import Tokenizer
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast, pipeline

    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    words = Tokenizer.from_file(str(folder / "tokenizer.json"))
    words.no_truncation()
    tokenizer: Any = PreTrainedTokenizerFast(tokenizer_object=words, pad_token="[PAD]", model_max_length=512)  # type: ignore[no-untyped-call]  # noqa: S106
    model = BertForSequenceClassification(BertConfig()).eval()  # type: ignore[no-untyped-call]
    return pipeline("text-classification", model=model, tokenizer=tokenizer, device="cpu")


def _rate(work: Callable[[], object], texts: int) -> float:
    start = time.perf_counter()
    work()
    return texts / (time.perf_counter() - start)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from a command line; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.throughput", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", type=Path, default=SHIPPED_MODEL, help="folder of our model; default: as shipped")
    parser.add_argument("--texts", type=int, default=4096, help="texts per round for our engine")
    parser.add_argument("--peer-texts", type=int, default=64, help="texts per round for the peer")
    parser.add_argument("--rounds", type=int, default=5, help="timed rounds")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0 for all cores")
    parser.add_argument("--seed", type=int, default=7, help="of the texts")
    parser.add_argument("--json", action="store_true", help="print one JSON object only")
    options = parser.parse_args(arguments)
    try:
        result = measure(
            options.model, options.texts, options.peer_texts, options.rounds, options.threads, options.seed
        )
    except ImportError as error:
        print(f"throughput: the peer needs torch and transformers ({error}); install the extra: train", file=sys.stderr)
        return 2
    except MonitorError as error:
        print(f"throughput: {error}", file=sys.stderr)
        return 2
    if not options.json:
        print(f"ours {result['ours_per_second']} texts/s, peer {result['peer_per_second']}: {result['ratio']} times")
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
