"""Stories as a table, each with its copies folded under it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dashboards import words
from dashboards.frames import percent
from dashboards.markup import Html, join, link, table, tag, text
from monitor.alerts.wording import moment
from monitor.classify.mentions import Mention
from monitor.store.rows import WindowArticle

_COPIES = 12
_KINDS = {"negative": "sm-neg", "positive": "sm-pos"}
_SIGNS = {"negative": "\u2212 ", "positive": "+ "}  # never by colour alone
_CHIPS = 6

ROWS_EXPLAINED = "copies are folded under their story, and what the chart does not count is marked."
"""How to read a table of stories."""


def story_table(articles: Sequence[WindowArticle], tick: datetime) -> Html:
    """One row a story, in the order in which its first article stands in `articles`; what is not counted is marked.

    Args:
        articles: Those of one window and series, in any order that a reader should meet them in.
        tick: Time of the stream.
    """
    stories: dict[str, list[WindowArticle]] = {}
    for article in articles:
        stories.setdefault(article.story_id or article.id, []).append(article)
    rows = []
    for name, members in stories.items():
        first = next((member for member in members if member.id == name), members[0])
        rows.append(_row(first, [member for member in members if member is not first], tick))
    sentiment = "Sentiment toward it" if any(article.toward for article in articles) else "Sentiment"
    return table(("Time", "Source", "Title", sentiment, "Topic", "Novelty"), rows, kind="sm-stories-table")


def _row(article: WindowArticle, copies: Sequence[WindowArticle], tick: datetime) -> list[Html]:
    time = tag("span", text(moment(article.event_time)), title=words.ago(article.event_time, tick))
    title = [link(article.url, article.title), Html(" ")]
    title += [tag("small", text(f"· {remark}")) for remark in _remarks(article)]
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


def _remarks(article: WindowArticle) -> list[str]:
    remarks = ["came late"] if article.late else []
    if article.story_id is not None and not article.counted:
        remarks.append("copy of a story told elsewhere, not counted here")
    elif article.in_doubt and article.toward is None:
        remarks.append("in doubt, not counted as negative")
    return remarks


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


def _folded(copies: Sequence[WindowArticle]) -> Html:
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


def _sentiment(article: WindowArticle) -> Html:
    """That of the article, or toward the company whose stories these are: what is counted, and sorted by."""
    if article.sentiment is None:
        return text("not scored")
    shares, sentiment = (article.toward, article.toward.sentiment) if article.toward else (article, article.sentiment)
    share = {"negative": shares.negative, "neutral": shares.neutral, "positive": shares.positive}[sentiment]
    return tag("span", text(f"{sentiment} {percent(share)}"), kind=_KINDS.get(sentiment, ""))


def _novelty(article: WindowArticle) -> Html:
    return text("" if article.novelty is None else f"{article.novelty}%")
