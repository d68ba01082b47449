"""What every page is given, and how a page stays alive."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import streamlit as st

from dashboards.markup import Html
from dashboards.readings import Readings
from monitor.clock import Clock, system_clock
from monitor.errors import MonitorError, StoreError
from monitor.settings import Settings, load_settings
from monitor.store.database import Database

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

RETRY_SECONDS = 3.0
"""How often a page that cannot be drawn at all tries again."""


@dataclass(frozen=True)
class Desk:
    """The store, the settings, the clock, and the pages that can be gone to, by name."""

    readings: Readings
    settings: Settings
    clock: Clock
    pages: Mapping[str, StreamlitPage] = field(default_factory=dict)

    @property
    def enough(self) -> int:
        """Stories that a window must hold before anything is concluded from it."""
        return self.settings.surges.rules.minimum_stories

    def tick(self) -> datetime | None:
        """The stream's time; None while nothing has been counted."""
        progress = self.readings.progress()
        return progress.tick if progress else None


def open_desk(clock: Clock = system_clock) -> Desk:
    """Everything a page needs, from the settings; the store stays open for all pages of this process.

    Raises:
        SettingsError, StoreError: As `load_settings` and `Database.open`.
    """
    settings = load_settings()
    return Desk(_readings(settings.store_url, clock), settings, clock)


@st.cache_resource(show_spinner=False)
def _readings(url: str, _clock: Clock) -> Readings:
    return Readings(Database.open(url), _clock)


def live(desk: Desk, show: Callable[[], None]) -> None:
    """Shows a part of a page, and again each `dashboard.refresh_seconds`, in place; the rest is left alone."""

    @st.fragment(run_every=desk.settings.dashboard.refresh_seconds)
    def part() -> None:
        try:
            show()
        except StoreError as error:
            complain(error)

    part()


def complain(error: MonitorError) -> None:
    """Says what is wrong where the page would be; the next renewal tries again."""
    what = "The store does not answer" if isinstance(error, StoreError) else "The settings cannot be used"
    st.warning(f"{what}; this page tries again by itself.")
    st.text(str(error))


@st.fragment(run_every=RETRY_SECONDS)
def wait_for_desk() -> None:
    """Says what is wrong until everything can be opened, then draws the page."""
    try:
        open_desk()
    except MonitorError as error:
        complain(error)
    else:
        st.rerun()


def show(piece: Html) -> None:
    """Puts a piece of safe HTML on the page."""
    st.html(piece)


def theme() -> str | None:
    """`dark` or `light`, as the reader has it; None where it is not known yet."""
    kind: str | None = st.context.theme.type
    return kind
