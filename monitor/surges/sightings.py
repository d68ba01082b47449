"""What the core needs to know of a scored article, and what the article is about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from monitor.articles import Precision
from monitor.classify.mentions import Mention
from monitor.classify.scored import ScoredArticle
from monitor.surges.advance import Sighting
from monitor.surges.headlines import lead_of
from monitor.surges.near_duplicates import Fingerprint
from monitor.surges.rules import SurgeRules

_UNTITLED = 200  # characters of the body that stand for a headline


def sighting_of(
    item: ScoredArticle, rules: SurgeRules, merges: Mapping[str, str], abstain_below: float | None = None
) -> Sighting:
    """The sighting of an article.

    Args:
        item: As the classifier wrote it.
        rules: Of whom an article is about, and of how many.
        merges: For every merged entity the one that stands in the end.
        abstain_below: Of whole texts, sentiments less probable than this do not count as negative, in [0, 1]; None:
            than what the article's model asks for.
    """
    article = item.article
    return Sighting(
        article_id=article.id,
        source=article.source,
        title=article.title or article.body[:_UNTITLED],
        event_time=article.event_time,
        first_seen_at=article.first_seen_at,
        dated=article.published_precision is Precision.DAY,
        topic=item.topic,
        negative=item.counts_as_negative(abstain_below),
        about=about(item.mentions, rules, merges),
        model=item.model_version,
        fingerprint=Fingerprint(
            text=lead_of(article.title, article.body),
            shingles=article.shingles,
            embedding=item.embedding,
            model_version=item.model_version if item.embedding else "",
        ),
    )


def about(mentions: Sequence[Mention], rules: SurgeRules, merges: Mapping[str, str]) -> tuple[tuple[str, bool], ...]:
    """The companies and assets that a text counts for, the most relevant ones, each with whether it is bad for it.

    It is bad for one where, over its mentions, negative is the likeliest sentiment: with the few stories that a company
    has in a day, leaving out those in doubt loses more than it clears up.

    Args:
        mentions: Of the text.
        rules: From which relevance on, and how many.
        merges: For every merged entity the one that stands in the end.
    """
    found: dict[str, list[Mention]] = defaultdict(list)
    for mention in mentions:
        if mention.entity and mention.relevance >= rules.minimum_relevance:
            found[merges.get(mention.entity, mention.entity)].append(mention)
    ranked = sorted(found, key=lambda entity: (-max(one.relevance for one in found[entity]), entity))
    return tuple((entity, _is_bad(found[entity])) for entity in ranked[: rules.entities_per_story])


def _is_bad(mentions: Sequence[Mention]) -> bool:
    negative = sum(one.negative for one in mentions)
    return negative > max(sum(one.neutral for one in mentions), sum(one.positive for one in mentions))
