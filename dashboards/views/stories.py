"""Stories as a table, each with its copies folded under it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dashboards import words
from dashboards.frames import percent
from dashboards.markup import Html, join, link, table, tag, text
from monitor.alerts.wording import moment
from monitor.classify.mentions import Mention
from monitor.store.rows import StoredArticle

_COPIES = 12
_HEAD = ("Time", "Source", "Title", "Sentiment", "Topic", "Novelty")
_KINDS = {"negative": "sm-neg", "positive": "sm-pos"}
_SIGNS = {"negative": "\u2212 ", "positive": "+ "}  # never by colour alone
_CHIPS = 6


def story_table(articles: Sequence[StoredArticle], tick: datetime) -> Html:
    """One row a story, in the order in which its first article stands in `articles`.

    Args:
        articles: In any order that a reader should meet them in.
        tick: Time of the stream.
    """
    stories: dict[str, list[StoredArticle]] = {}
    for article in articles:
        stories.setdefault(article.story_id or article.id, []).append(article)
    rows = []
    for name, members in stories.items():
        first = next((member for member in members if member.id == name), members[0])
        rows.append(_row(first, [member for member in members if member is not first], tick))
    return table(_HEAD, rows, kind="sm-stories-table")


def _row(article: StoredArticle, copies: Sequence[StoredArticle], tick: datetime) -> list[Html]:
    time = tag("span", text(moment(article.event_time)), title=words.ago(article.event_time, tick))
    title = [link(article.url, article.title)]
    if article.late:
        title.append(tag("small", Html(" · came late")))
    if article.mentions:
        title.append(mention_chips(article.mentions))
    if copies:
        title.append(_folded(copies))
    return [
        time,
        text(article.source, 60),
        join(title),
        _sentiment(article),
        text(article.topic or ""),
        _novelty(article),
    ]


def mention_chips(mentions: Sequence[Mention]) -> Html:
    """Who is named, each once, with the sentiment toward it as a sign and a colour."""
    named: dict[str, Mention] = {}
    for mention in mentions:
        named.setdefault(mention.text.casefold(), mention)
    chips = [_chip(mention) for mention in list(named.values())[:_CHIPS]]
    more = [tag("small", text(f"and {len(named) - _CHIPS} more"))] if len(named) > _CHIPS else []
    return tag("div", *chips, *more, kind="sm-mentions")


def _chip(mention: Mention) -> Html:
    sentiment = mention.sentiment
    share = {"negative": mention.negative, "neutral": mention.neutral, "positive": mention.positive}[sentiment]
    return tag(
        "span",
        text(_SIGNS.get(sentiment, "") + mention.text, 60),
        kind=f"sm-chip {_KINDS.get(sentiment, '')}".strip(),
        title=f"{sentiment} toward it: {percent(share)}",
    )


def _folded(copies: Sequence[StoredArticle]) -> Html:
    items = [
        tag(
            "li",
            link(copy.url, copy.title),
            Html(" "),
            tag("small", text(copy.source, 60), Html(" · "), text(moment(copy.event_time))),
        )
        for copy in copies[:_COPIES]
    ]
    more = [tag("li", text(f"and {len(copies) - _COPIES} more"))] if len(copies) > _COPIES else []
    count = f"{len(copies)} {'copy' if len(copies) == 1 else 'copies'}"
    return tag("details", tag("summary", text(count)), tag("ul", *items, *more))


def _sentiment(article: StoredArticle) -> Html:
    if article.sentiment is None:
        return text("not scored")
    probability = {"negative": article.negative, "neutral": article.neutral, "positive": article.positive}[
        article.sentiment
    ]
    return tag("span", text(f"{article.sentiment} {percent(probability)}"), kind=_KINDS.get(article.sentiment, ""))


def _novelty(article: StoredArticle) -> Html:
    return text("" if article.novelty is None else f"{article.novelty}%")
