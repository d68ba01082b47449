"""A week of invented news, with a bank crisis and a product recall in it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

SCENARIO: Final = Path(__file__).parent / "scenario.jsonl"
"""What came when, in the order of arrival; `pipelines.demo_scenario` writes it."""

CRISIS_BEGINS: Final = datetime(2024, 3, 8, 12, tzinfo=UTC)
"""Before this the week is calm."""
