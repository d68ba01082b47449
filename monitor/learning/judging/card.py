"""The model card: what a model is for, what it was made of, how good it is and where it ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from monitor.classify.manifest import Manifest

_TEMPLATE = """\
# Model card: {version}

One sentence encoder ({base}) with four answers in one pass: {topics} topics and {sentiments} sentiments of the whole
text, the companies and assets that it names (token tags {tags}), and the sentiment toward each of them; and two
vectors of {width} numbers: an embedding, held to the untouched base's, and one that tells stories from one another.
Reads at most {max_tokens} tokens.{parent}

## Intended use

Sorting English financial headlines, short summaries and posts by topic and by sentiment, to count them: a monitor
that looks for unusual shares of negative news. It is not made to judge a single text beyond appeal, to advise on
investments, or to decide anything about a person.

## Data

Started from {base} (sha256 `{base_short}...`). Fingerprint of the training examples: `{fingerprint}`.
{data}
## Figures

{sets}

ECE is the expected calibration error in 15 bins, after temperature scaling (temperatures: topic {topic_temperature},
sentiment {sentiment_temperature}, entity {target_temperature}, fitted on data not used for training). Answers whose
likeliest sentiment has a probability below {abstain_below} should not be counted.

{classes}

## Recipe

{recipe}

## Limits

- English only; trained on posts and headlines of a few years, so later names and events are known by their words alone.
- The labels are noisy: annotators of the same text disagree on a share of them, so accuracy has a ceiling below 1.
- Figures of classes with few examples are uncertain.
- On a CPU scores are equal bit for bit whatever the batch, on one machine; another instruction set may differ in the
  last places.
"""

SHIPPED_DATA = """
| what | licence by its publisher | used for |
|---|---|---|
| all-MiniLM-L6-v2, all-mpnet-base-v2 | Apache-2.0 | starting weights |
| Twitter Financial News Sentiment, training set | MIT | sentiment |
| Twitter Financial News Topic, training set | MIT | topic |
| SEntFiN 1.0, nine tenths of its headlines | MIT | mentions, sentiment toward each |
| FinEntity, nine tenths of its paragraphs | ODC-BY 1.0 | mentions, sentiment toward each |
| Headlines written for the monitor, four fifths of their frames | Apache-2.0 | fast: mentions, sentiment toward each |
| StockNet, 12,000 of its tweets, without labels | MIT | fast: what quality says of them and of the public sets |
| Stories written for the monitor, 739 of them, and what resembles them | Apache-2.0 | the story vector |

Repeats were merged (majority label): texts that are the same but for URLs, case and punctuation, with the same signs
and decimal points. Every text that equals a validation text in this sense was removed, and of those to train on every
near-duplicate of one. A tenth was held out by groups of near-duplicates; these weights have not seen it, and the
temperatures were fitted on it. The sets named sentfin and finentity are the tenth of each, by the hash of the text,
that no training saw, and company news is a tenth of the written frames; "nodup" sets leave out what repeats a text of
the original training set or of the set itself; published figures use the official ones. "float32" is the same model
before quantisation.
"""


def model_card(manifest: Manifest, data: str = "") -> str:
    """Return the card of a model as Markdown.

    Args:
        manifest: Its papers.
        data: A paragraph on the training data, as Markdown; empty where nobody can tell more than the fingerprint.
    """
    metrics = manifest.metrics
    temperatures = manifest.temperatures
    by_class = {name: found for name, found in metrics.items() if "per_class" in found}
    return _TEMPLATE.format(
        version=manifest.model_version,
        base=manifest.base_model,
        base_short=manifest.base_sha256[:16],
        parent=f"\nMade from {manifest.parent}." if manifest.parent else "",
        topics=len(manifest.topics),
        sentiments=len(manifest.sentiments),
        tags=", ".join(manifest.tags),
        width=manifest.width,
        max_tokens=manifest.max_tokens,
        fingerprint=manifest.data_fingerprint,
        data=data,
        topic_temperature=temperatures.topic,
        sentiment_temperature=temperatures.sentiment,
        target_temperature=temperatures.target,
        abstain_below=manifest.abstain_below,
        sets=_set_table(metrics),
        classes="\n\n".join(_class_table(name, found) for name, found in by_class.items()),
        recipe=_table(("setting", "value"), [(name, str(value)) for name, value in manifest.recipe.items()]),
    )


def _set_table(metrics: Mapping[str, Any]) -> str:
    columns = (
        ("accuracy", ("accuracy",)),
        ("macro F1", ("macro_f1", "f1")),
        ("weighted F1", ("weighted_f1",)),
        ("precision", ("precision",)),
        ("recall", ("recall",)),
        ("ECE", ("ece",)),
        ("float32", ("float32",)),
    )
    rows = [
        (name, str(found["n"]), *(_figure(_first(found, keys)) for _, keys in columns))
        for name, found in metrics.items()
    ]
    return _table(("set", "n", *(title for title, _ in columns)), rows)


def _first(found: Mapping[str, Any], keys: Iterable[str]) -> Any:
    value = next((found[key] for key in keys if key in found), None)
    return next(iter(value.values()), None) if isinstance(value, Mapping) else value


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _class_table(name: str, found: Mapping[str, Any]) -> str:
    rows = [
        (
            label.replace("|", "\\|"),
            *(f"{report[key]:.3f}" for key in ("precision", "recall", "f1")),
            str(report["support"]),
        )
        for label, report in found["per_class"].items()
    ]
    return f"### {name}\n\n" + _table(("class", "precision", "recall", "F1", "support"), rows)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
