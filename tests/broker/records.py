"""Any record that a stage may write, for tests of the codec and of the published schemas."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st

from monitor.articles import Article, Precision
from monitor.classify.scored import ScoredArticle, UnscoredArticle
from monitor.records import DeadLetter, Watermark

MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - zone beside
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SHARES = st.floats(0, 1).map(lambda share: round(share, 5))
ARTICLES = st.builds(
    Article, id=TEXTS, source=TEXTS, position=TEXTS, title=TEXTS, body=TEXTS, url=TEXTS, language=TEXTS,
    first_seen_at=MOMENTS, published_at=st.none() | MOMENTS, published_precision=st.none() | st.sampled_from(Precision),
    v=st.just(1),
)  # fmt: skip
WATERMARKS = st.builds(Watermark, time=MOMENTS, final=st.booleans(), v=st.just(1))
DEAD_LETTERS = st.builds(
    DeadLetter, stage=st.sampled_from(["ingest", "classify", "surges"]), reason=TEXTS, source=TEXTS, position=TEXTS,
    seen_at=MOMENTS, original=st.binary(max_size=50), v=st.just(1),
)  # fmt: skip
SCORED = st.builds(
    ScoredArticle, article=ARTICLES, topic=TEXTS, topic_probabilities=st.dictionaries(TEXTS, SHARES, max_size=3),
    sentiment=st.sampled_from(["negative", "neutral", "positive"]), negative=SHARES, neutral=SHARES, positive=SHARES,
    model_version=TEXTS, v=st.just(1),
)  # fmt: skip
UNSCORED = st.builds(UnscoredArticle, article=ARTICLES, reason=TEXTS, v=st.just(1))
ARTICLES_RECORDS = ARTICLES | WATERMARKS | DEAD_LETTERS
SCORED_RECORDS = SCORED | UNSCORED | WATERMARKS | DEAD_LETTERS
