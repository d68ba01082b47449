"""The line above every page: how much came in, where the stream's time stands."""

from __future__ import annotations

from dashboards import words
from dashboards.desk import Desk
from dashboards.desk import show as put
from dashboards.markup import Html, tag, text
from monitor.alerts.wording import moment
from monitor.store.rows import Counts


def show(desk: Desk) -> None:
    """Draws the line."""
    progress = desk.readings.progress()
    if progress is None:
        clock = tag("div", text("No article has been counted yet."), kind="sm-clock")
    else:
        behind = text(words.behind(progress, desk.clock()))
        clock = tag(
            "div",
            text("Stream time"),
            Html(" "),
            tag("strong", text(moment(progress.tick))),
            Html(" · "),
            behind,
            kind="sm-clock",
        )
    put(tag("div", _counts(desk.readings.counts()), clock, kind="sm-head"))


def _counts(counts: Counts) -> Html:
    shown = (
        ("articles in", counts.articles_in, "Delivered items, each counted once"),
        ("scored", counts.scored, "Read by the model; late ones are among them"),
        ("unscored", counts.unscored, "Kept, but in a language that the model does not read"),
        ("duplicates", counts.duplicates, "Items whose article had already come"),
        ("late", counts.late, "Came long after they were published; counted all the same"),
        ("dead letters", counts.dead_lettered, "Could not be read; see Pipeline"),
    )
    return tag(
        "ul",
        *(tag("li", tag("b", text(f"{number:,}")), Html(" "), text(name), title=why) for name, number, why in shown),
        kind="sm-counts",
    )
