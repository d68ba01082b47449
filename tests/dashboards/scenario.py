"""When what happens in the seeded store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from monitor.clock import MINUTE
from monitor.surges.series import Series

TICK = datetime(2026, 3, 12, 14, 30, tzinfo=UTC)
START = datetime(2026, 3, 7, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BANKS, RECALL = Series(topic="Financials"), Series(topic="Company | Product News")
BANKS_SINCE = TICK - 2 * HOUR - 5 * MINUTE
RECALL_FROM, RECALL_TO = datetime(2026, 3, 10, 10, tzinfo=UTC), datetime(2026, 3, 10, 15, tzinfo=UTC)
