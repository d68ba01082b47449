"""The model card: what a model is for, what it was made of, how good it is and where it ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitor.classify.manifest import Manifest

_TEMPLATE = """\
# Model card: {version}

One sentence encoder ({base}, 6 layers, 22.7 million parameters) with two linear heads over its mean-pooled tokens:
{topics} topics and {sentiments} sentiments. Exported as a static int8 graph for CPUs; reads at most {max_tokens}
tokens.

## Intended use

Sorting English financial headlines, short summaries and posts by topic and by sentiment, to count them: a monitor
that looks for unusual shares of negative news. It is not made to judge a single text beyond appeal, to advise on
investments, or to decide anything about a person.

## Data and licences

| what | licence by its publisher | used for |
|---|---|---|
| {base} (sha256 `{base_short}...`) | Apache-2.0 | the encoder's starting weights |
| Twitter Financial News Sentiment, training set | MIT | sentiment head and encoder |
| Twitter Financial News Topic, training set | MIT | topic head and encoder |

Repeats were merged (majority label), and every training text that equals a validation text but for URLs, case or
punctuation was removed. A tenth was held out by groups of near-duplicates; these weights have not seen it, and the
temperatures were fitted on it. Fingerprint of the training examples: `{fingerprint}`.

## Figures

{sets}

ECE is the expected calibration error in 15 bins, after and before temperature scaling (topic {topic_temperature},
sentiment {sentiment_temperature}). "float32" is the same model before quantisation. "nodup" sets leave out what
repeats a text of the original training set or of the set itself; published figures use the official ones. Each
figure was computed once, after all settings were chosen on the held-out tenth.

{classes}

## Recipe

{recipe}

Rebuild: `monitor train-base --data DIR --out DIR`. Check: `python -m benchmarks.accuracy --data DIR`.

## Limits

- English only; trained on posts and headlines of 2019 to 2022, so later names and events are known by their words
  alone.
- The labels are noisy: annotators of the same text disagree on a share of them, so accuracy has a ceiling below 1.
- Sentiment is that of the whole text, not toward one of several companies in it.
- Topics with few training examples (Gold | Metals | Materials, IPO) have uncertain figures.
- Scores are equal bit for bit whatever the batch, on one machine; another instruction set may differ in the last
  places.
"""


def model_card(manifest: Manifest) -> str:
    """Return the card of a model as Markdown, from its manifest alone."""
    metrics = manifest.metrics
    return _TEMPLATE.format(
        version=manifest.model_version,
        base=manifest.base_model,
        base_short=manifest.base_sha256[:16],
        topics=len(manifest.topics),
        sentiments=len(manifest.sentiments),
        max_tokens=manifest.max_tokens,
        fingerprint=manifest.data_fingerprint,
        topic_temperature=manifest.temperatures.topic,
        sentiment_temperature=manifest.temperatures.sentiment,
        sets=_set_table(metrics),
        classes="\n\n".join(_class_table(name, figures) for name, figures in metrics.items()),
        recipe=_table(("setting", "value"), [(name, f"{value:g}") for name, value in manifest.recipe.items()]),
    )


def _set_table(metrics: Mapping[str, Any]) -> str:
    rows = [
        (
            name,
            str(figures["n"]),
            *(f"{figures[key]:.4f}" for key in ("accuracy", "macro_f1", "weighted_f1", "ece", "ece_uncalibrated")),
            *(f"{figures['float32'][key]:.4f}" for key in ("accuracy", "macro_f1")),
        )
        for name, figures in metrics.items()
    ]
    header = (
        "set",
        "n",
        "accuracy",
        "macro F1",
        "weighted F1",
        "ECE",
        "ECE before",
        "float32 accuracy",
        "float32 macro F1",
    )
    return _table(header, rows)


def _class_table(name: str, figures: Mapping[str, Any]) -> str:
    rows = [
        (
            label.replace("|", "\\|"),
            *(f"{report[key]:.3f}" for key in ("precision", "recall", "f1")),
            str(report["support"]),
        )
        for label, report in figures["per_class"].items()
    ]
    return f"### {name}\n\n" + _table(("class", "precision", "recall", "F1", "support"), rows)


def _table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
