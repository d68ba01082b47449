"""One tick of counting: settled, judged and written in the caller's transaction; live and over recorded history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from monitor.classify.scored import ScoredArticle
from monitor.clock import MINUTE, floor_to
from monitor.store import counting, entities, writes
from monitor.store.database import Connection
from monitor.store.rows import CountedArticle
from monitor.surges.advance import Advance
from monitor.surges.core import SurgeCore
from monitor.surges.recognising import recognised, unsure_of
from monitor.surges.rules import SurgeRules
from monitor.surges.settling import Settled, settle
from monitor.surges.sightings import sighting_of


def count_tick(
    connection: Connection,
    core: SurgeCore,
    tick: datetime,
    records: Sequence[object],
    rules: SurgeRules,
    abstain_below: float | None,
    merges: Mapping[str, str],
) -> int:
    """Settles what a tick took, counts it and writes what came of it.

    Args:
        connection: In a transaction; if that fails, the core has taken in what the store has not, and is void.
        core: As the store holds it.
        tick: UTC-aware; not before the last one.
        records: Articles and dead letters, in any order.
        rules: Of the core.
        abstain_below: See `sighting_of`.
        merges: For every merged entity the one that stands in the end.

    Returns:
        How many articles were new.
    """
    settled = settle(records, lambda items: counting.load_fates(connection, items))
    known = counting.known_entities(connection, unsure_of(settled.new))
    settled = msgspec.structs.replace(settled, new=recognised(settled.new, known))
    scored = [item for item in settled.new if isinstance(item, ScoredArticle)]
    advance = core.advance(tick, [sighting_of(item, rules, merges, abstain_below) for item in scored])
    _write_articles(connection, tick, settled, advance, abstain_below)
    writes.add_minute_counts(connection, advance.minute_counts)
    writes.write_windows(connection, advance.closed)
    writes.write_baselines(connection, advance.baselines)
    writes.write_dispersion(connection, advance.dispersion)
    writes.write_story_heads(connection, advance.story_heads)
    writes.delete_story_heads(connection, advance.ended_stories)
    writes.write_surges(connection, advance.surges)
    return len(settled.new)


def _write_articles(
    connection: Connection, tick: datetime, settled: Settled, advance: Advance, abstain_below: float | None
) -> None:
    rows: list[CountedArticle] = []
    for item in settled.new:
        entry = advance.members.get(item.article.id)
        if entry is None:
            # An unscored article enters no series, but when the core would have taken it in.
            entered = min(tick, floor_to(item.article.first_seen_at, MINUTE) + MINUTE)
            rows.append(CountedArticle(item=item, entered_at=entered, late=False))
        else:
            rows.append(
                CountedArticle(
                    item=item,
                    entered_at=entry.entered_at,
                    late=entry.late,
                    story_id=entry.story_id,
                    novelty=entry.novelty,
                )
            )
    writes.write_articles(connection, rows, abstain_below)
    entities.write_mentions(connection, settled.new)
    writes.write_duplicates(connection, settled.duplicates)
    writes.write_dead_letters(connection, settled.dead_letters)
