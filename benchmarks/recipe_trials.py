"""What each common remedy gives to the sentiment toward companies: one table, one encoder, one seed or more.

    python -m benchmarks.recipe_trials [--data DIR] [--base NAME] [--share S] [--seeds S ...] [--only NAME ...] [--json]

Each trial trains the product's network by the product's loop, on SEntFiN and FinEntity alone, and is judged on texts of
them that are held out of training for choosing recipes; the tenth that judges the shipped models is not touched:

- plain: hard labels, one rate for all layers, three epochs;
- smoothing: a tenth of each label spread over the others;
- layers: each layer learns at .8 of the rate of the one above;
- longer: six epochs;
- names: each headline once more, its companies replaced by others of the set (augmentation);
- clean: labels that models trained without them contradict with confidence are left out (confident learning:
  Northcutt, Jiang and Chuang, 2021; three folds, thresholds by class);
- ensemble: the mean answer of three models of other seeds is learnt beside the labels.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import numpy.typing as npt

from benchmarks.data import WHERE_DATA_IS, find_data
from monitor.classify.labels import Labels
from monitor.classify.mentions import softmax
from monitor.classify.text import prepare_text
from monitor.errors import MonitorError
from monitor.learning.data.examples import Example, LabelledMention
from monitor.learning.judging.evaluation import evaluate
from monitor.learning.recipe import Recipe
from pipelines.shipped import split_training_sets

if TYPE_CHECKING:
    from monitor.learning.data.encoding import Encoded
    from monitor.learning.network.model import Classifier

FOLDS = 3
TEACHERS = 3
PLAIN = Recipe(label_smoothing=0.0, layer_decay=1.0, topic_weight=0.0, sentiment_weight=0.0, embedding_weight=0.0)

Logits = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Toward:
    """What a model says of companies whose label is known.

    Attributes:
        texts: Where each stands.
        labels: Of each.
        logits: [labels, classes].
    """

    texts: Sequence[str]
    labels: npt.NDArray[np.int64]
    logits: Logits


@dataclass(frozen=True)
class Bench:
    """What all trials share.

    Attributes:
        base: Name of the encoder.
        training: Examples to learn from.
        judged: Examples to judge on.
        seed: Of the trial.
    """

    base: str
    training: Sequence[Example]
    judged: Sequence[Example]
    seed: int

    def recipe(self, **changes: Any) -> Recipe:
        """The plain recipe with changes."""
        return msgspec.structs.replace(PLAIN, base=self.base, seed=self.seed, **changes)


def plain(bench: Bench) -> Classifier:
    """Nothing but the labels."""
    return _train(bench, bench.training, bench.recipe())


def smoothing(bench: Bench) -> Classifier:
    """A tenth of each label is spread over the others."""
    return _train(bench, bench.training, bench.recipe(label_smoothing=0.1))


def layers(bench: Bench) -> Classifier:
    """Lower layers learn more slowly."""
    return _train(bench, bench.training, bench.recipe(layer_decay=0.8))


def longer(bench: Bench) -> Classifier:
    """Twice the epochs."""
    return _train(bench, bench.training, bench.recipe(epochs=2 * PLAIN.epochs))


def names(bench: Bench) -> Classifier:
    """Each text once more, with other companies."""
    drawn = random.Random(bench.seed)
    known = [
        example.text[mention.start : mention.end] for example in bench.training for mention in example.mentions or ()
    ]
    return _train(bench, [*bench.training, *(renamed(one, known, drawn) for one in bench.training)], bench.recipe())


def clean(bench: Bench) -> Classifier:
    """Without the labels that other models contradict."""
    folds = np.random.default_rng(bench.seed).integers(FOLDS, size=len(bench.training))
    said = list[Toward]()
    for fold in range(FOLDS):
        sides = ([place for place, own in enumerate(folds) if (own == fold) is held] for held in (False, True))
        inside, outside = ([bench.training[place] for place in side] for side in sides)
        said.append(_toward(bench.base, _train(bench, inside, bench.recipe()), outside))
    given, logits = (np.concatenate([getattr(one, name) for one in said]) for name in ("labels", "logits"))
    texts = [text for one in said for text in one.texts]
    dropped = {text for text, bad in zip(texts, contradicted(given, softmax(logits)), strict=True) if bad}
    print(f"{len(dropped)} of {len(bench.training)} texts are left out", file=sys.stderr)
    return _train(bench, [example for example in bench.training if example.text not in dropped], bench.recipe())


def ensemble(bench: Bench) -> Classifier:
    """The mean of several models beside the labels."""
    from monitor.learning.data.encoding import SoftAnswers
    from monitor.learning.network.predicting import predict

    rows, pad_id = _encoded(bench.base, bench.training)
    heard = []
    for number in range(TEACHERS):
        other = replace(bench, seed=bench.seed + 100 + number)
        heard.append(predict(_train(other, bench.training, other.recipe()), [row.ids for row in rows], pad_id).soft)
    means = [
        SoftAnswers(*(np.mean([getattr(one, name) for one in ones], axis=0) for name in _HEADS))
        for ones in zip(*heard, strict=True)
    ]
    taught = [replace(row, soft=mean) for row, mean in zip(rows, means, strict=True)]
    return _fit(bench.base, taught, bench.recipe())


TRIALS: Mapping[str, Callable[[Bench], Any]] = {
    way.__name__: way for way in (plain, smoothing, layers, longer, names, clean, ensemble)
}
_HEADS = ("topic", "sentiment", "tags", "targets")


def renamed(example: Example, known: Sequence[str], drawn: random.Random) -> Example:
    """A text whose companies are replaced by others; their labels stay.

    >>> one = Example("Acme sues Bolt", mentions=(LabelledMention(0, 4, 2), LabelledMention(10, 14, 0)), tagged=True)
    >>> other = renamed(one, ["Corvane Bank"], random.Random(0))
    >>> other.text, [other.text[mention.start : mention.end] for mention in other.mentions or ()]
    ('Corvane Bank sues Corvane Bank', ['Corvane Bank', 'Corvane Bank'])
    """
    text, done, mentions = "", 0, list[LabelledMention]()
    for mention in sorted(example.mentions or (), key=lambda one: one.start):
        text += example.text[done : mention.start]
        start, done = len(text), mention.end
        text += prepare_text(drawn.choice(known))
        mentions.append(replace(mention, start=start, end=len(text)))
    return replace(example, text=text + example.text[done:], mentions=tuple(mentions))


def contradicted(given: npt.NDArray[np.int64], said: Logits) -> npt.NDArray[np.bool_]:
    """Which labels are probably wrong: another class reaches its usual confidence, and the given one is less likely.

    Args:
        given: [labels].
        said: [labels, classes], probabilities by models that did not learn these labels.

    >>> said = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.95, 0.05]])
    >>> contradicted(np.array([0, 0, 1, 1]), said).tolist()
    [False, False, False, True]
    """
    usual = np.array([said[given == label, label].mean() for label in range(said.shape[1])])
    confident = np.where(said >= usual, said, 0.0)
    best = confident.argmax(axis=1)
    found: npt.NDArray[np.bool_] = (confident.max(axis=1) > 0.0) & (best != given)
    return found


def measure(
    data: Path, base: str, share: float, seeds: Sequence[int], chosen: Sequence[str], say: Callable[[str], None]
) -> dict[str, Any]:
    """Run the trials; figures by trial."""
    split = split_training_sets(data)
    known = [example for example in split.training if example.mentions]
    judged = [example for example in split.held_out if example.mentions]
    drawn = np.random.default_rng(0).permutation(len(known))[: round(share * len(known))]
    training = [known[place] for place in np.sort(drawn)]
    result: dict[str, Any] = {"base": base, "texts": len(training), "seeds": list(seeds)}
    for name in chosen:
        runs = []
        for seed in seeds:
            began = time.perf_counter()
            bench = Bench(base, training, judged, seed)
            found = _toward(base, TRIALS[name](bench), judged)
            runs.append({**_figures(found), "seconds": time.perf_counter() - began})
            say(f"{name}, seed {seed}: " + ", ".join(f"{key} {value:.4f}" for key, value in runs[-1].items()))
        result[name] = {
            "labels": len(found.labels),
            **{key: round(statistics.mean(run[key] for run in runs), 4) for key in runs[0]},
            "spread": round(max(run["accuracy"] for run in runs) - min(run["accuracy"] for run in runs), 4),
        }
    return result


def _train(bench: Bench, examples: Sequence[Example], recipe: Recipe) -> Classifier:
    return _fit(bench.base, _encoded(bench.base, examples)[0], recipe)


def _fit(base: str, rows: Sequence[Encoded], recipe: Recipe) -> Classifier:
    from monitor.learning.network.bases import base_named
    from monitor.learning.network.model import load_base
    from monitor.learning.training.loop import prepare_run, train

    pinned = base_named(base)
    prepare_run(recipe.seed, 0)
    model = load_base(pinned, Labels(), recipe.dropout)
    train(model, rows, recipe, lambda _: None, pad_id=pinned.pad_id)
    return model


def _encoded(base: str, examples: Sequence[Example]) -> tuple[list[Encoded], int]:
    from monitor.learning.data.encoding import encode
    from monitor.learning.network.bases import base_folder, base_named
    from monitor.learning.network.model import load_tokenizer

    pinned = base_named(base)
    return encode(examples, load_tokenizer(base_folder(pinned), PLAIN.max_tokens)), pinned.pad_id


def _toward(base: str, model: Any, examples: Sequence[Example]) -> Toward:
    """What a model says of each company whose label is known."""
    from monitor.learning.network.predicting import predict

    rows, pad_id = _encoded(base, examples)
    answers = predict(model, [row.ids for row in rows], pad_id, half=True).soft
    given = [
        (example.text, target.sentiment, answer.targets[list(target.tokens)].mean(axis=0))
        for example, row, answer in zip(examples, rows, answers, strict=True)
        for target in row.targets
    ]
    texts, labels, logits = zip(*given, strict=True)
    return Toward(texts, np.array(labels, dtype=np.int64), np.stack(logits).astype(np.float64))


def _figures(found: Toward) -> dict[str, float]:
    report = evaluate(softmax(found.logits), found.labels, Labels().sentiments)
    return {"accuracy": report.accuracy, "macro_f1": report.macro_f1}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from a command line; returns its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.recipe_trials", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--data", type=Path, help=f"folder of the data sets; {WHERE_DATA_IS}")
    parser.add_argument("--base", default="all-MiniLM-L6-v2", help="all-MiniLM-L6-v2 or all-mpnet-base-v2")
    parser.add_argument("--share", type=float, default=1.0, help="of the texts, learn from so much")
    parser.add_argument("--seeds", type=int, nargs="+", default=[7], help="one training each")
    parser.add_argument("--only", nargs="+", choices=tuple(TRIALS), default=list(TRIALS), help="trials to run")
    parser.add_argument("--json", action="store_true", help="print JSON only; the last line is one object")
    options = parser.parse_args(arguments)

    def say(line: str) -> None:
        print(line, file=sys.stderr)

    try:
        data = options.data or find_data("sentfin")
        result = measure(data, options.base, options.share, options.seeds, options.only, say)
    except ImportError as error:
        print(f"recipe_trials: torch is needed ({error}); install the extra: train", file=sys.stderr)
        return 2
    except MonitorError as error:
        print(f"recipe_trials: {error}", file=sys.stderr)
        return 2
    if not options.json:
        for name in options.only:
            print(name, "  ".join(f"{key} {value}" for key, value in result[name].items()))
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
