"""What the classifiers serve, how good it was when it was made, what it is unsure of, and what was judged. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from dashboards import words
from dashboards.frames import percent
from dashboards.markup import Html, join, link, table, tag, text
from monitor.alerts.wording import moment
from monitor.classify.serving import served_version
from monitor.learning.versions.version import Judgement
from monitor.store.health import STOPPED
from monitor.store.rows import Heartbeat, StoredArticle

Papers = Mapping[str, Any]
"""A manifest's content."""

_FIGURES: Final = (
    ("accuracy", "accuracy", percent),
    ("ece", "ECE", "{:.3f}".format),
    ("macro_f1", "F1", "{:.3f}".format),
)


def serving_table(beats: Sequence[Heartbeat], papers: Mapping[str, Papers]) -> Html:
    """One row a classifier: the model that it serves, and that model's figures.

    Args:
        beats: Of classifiers.
        papers: By model version, of those that are known.
    """
    rows = []
    for beat in beats:
        version = served_version(beat.note)
        stopped = "stopped" if beat.note == STOPPED else "not told"
        found = papers.get(version) if version else None
        rows.append(
            (
                text(beat.name),
                tag("span", text(version or stopped), kind="nowrap"),
                text("" if found is None else found.get("base_model", "")),
                figures(found),
                text(f"{beat.counters.get('model_swaps', 0):,.0f}"),
            )
        )
    return table(("Classifier", "Serves", "Base", "When it was made", "Exchanged since its start"), rows)


def figures(papers: Papers | None) -> Html:
    """Accuracy, calibration error (ECE) and macro F1 of each set in a manifest, a line each."""
    if papers is None:
        return text("Its papers are not in the store.")
    metrics: Mapping[str, Any] = papers.get("metrics") or {}
    lines = []
    for name, found in metrics.items():
        if not isinstance(found, Mapping):
            continue
        told = [f"{label} {shown(found[key])}" for key, label, shown in _FIGURES if isinstance(found.get(key), float)]
        if told:
            lines.append(join([tag("b", text(name, 60)), text(": " + ", ".join(told))]))
    return join(tag("div", line) for line in lines) if lines else text("It was not judged.")


def doubtful_table(articles: Sequence[StoredArticle], tick: datetime) -> Html:
    """Articles whose sentiment is not counted, as the model is too unsure of it."""
    rows = [
        (
            tag("span", text(moment(article.event_time)), kind="nowrap", title=words.ago(article.event_time, tick)),
            text(article.source, 60),
            link(article.url, article.title),
            tag("span", text(f"{article.sentiment} {percent(article.confidence)}"), kind="nowrap"),
            text(article.topic or ""),
            text(article.model_version or ""),
        )
        for article in articles
    ]
    return table(("Time", "Source", "Title", "Likeliest", "Topic", "Model"), rows)


def judgement_table(judgements: Sequence[Judgement], now: datetime) -> Html:
    """Candidates that were judged against their champion, and why they were promoted or refused."""
    rows = [
        (
            tag("span", text(words.ago(judgement.at, now)), kind="nowrap", title=moment(judgement.at)),
            tag("span", text(judgement.candidate), kind="nowrap"),
            tag("span", text(judgement.champion or "none"), kind="nowrap"),
            tag("span", text(judgement.verdict), kind="sm-pos" if judgement.verdict == "promoted" else "sm-bad"),
            text(judgement.details.get("why") or judgement.reason, 600),
        )
        for judgement in judgements
    ]
    return table(("Judged", "Candidate", "Against", "Verdict", "Why"), rows)
