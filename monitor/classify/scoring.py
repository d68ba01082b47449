"""Articles with the answers of an engine and the companies they name; what the classify stage does to a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from time import process_time

from monitor.articles import Article
from monitor.classify.embeddings import quantise
from monitor.classify.engine import Engine, Scores
from monitor.classify.linking import Linker
from monitor.classify.scored import ScoredArticle
from monitor.classify.text import prepare_text

LISTED_FROM = 0.01
"""Topics less probable than this are left out of the scored record: twenty numbers would be most of its bytes."""


def score(
    articles: Sequence[Article],
    engine: Engine,
    linker: Linker | None,
    took: Callable[[float], None] | None = None,
) -> list[ScoredArticle]:
    """Scores articles, in order.

    Args:
        articles: In languages that the engine reads.
        engine: Answers.
        linker: Finds which companies the texts name; None leaves the model's mentions as they are.
        took: Told how many CPU seconds, of all threads, the engine took.
    """
    if not articles:
        return []
    texts = [prepare_text(article.title, article.body) for article in articles]
    began = process_time()
    scores = engine.classify(texts)
    if took:
        took(process_time() - began)
    if linker is not None:
        title_lengths = [len(prepare_text(article.title)) for article in articles]
        scores = replace(scores, mentions=tuple(linker.link(texts, title_lengths, scores, engine)))
    return scored_articles(articles, scores, engine)


def scored_articles(articles: Sequence[Article], scores: Scores, engine: Engine) -> list[ScoredArticle]:
    """Articles with the engine's answers, in order."""
    topics, sentiments = engine.labels.names("topic"), engine.labels.sentiments
    version, abstain_below = engine.model_version, engine.abstain_below
    rows = zip(
        articles,
        scores.topic_probabilities.tolist(),
        scores.sentiment_probabilities.tolist(),
        scores.mentions,
        quantise(scores.stories),
        strict=True,
    )
    scored = []
    for article, by_topic, by_sentiment, mentions, embedding in rows:
        negative, neutral, positive = by_sentiment
        scored.append(
            ScoredArticle(
                article=article,
                topic=topics[max(range(len(by_topic)), key=by_topic.__getitem__)],
                topic_probabilities={topic: p for topic, p in zip(topics, by_topic, strict=True) if p >= LISTED_FROM},
                sentiment=sentiments[max(range(3), key=by_sentiment.__getitem__)],
                negative=negative,
                neutral=neutral,
                positive=positive,
                model_version=version,
                mentions=mentions,
                embedding=embedding,
                abstain_below=abstain_below,
            )
        )
    return scored
