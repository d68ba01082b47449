"""The dashboard's entry: `streamlit run dashboards/app.py`.

It takes the same settings as every other part of the monitor, and opens no connection but the store's.
"""

from __future__ import annotations

import dataclasses
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

_HERE = Path(__file__).resolve().parent
if str(_HERE.parent) not in sys.path:
    # Streamlit puts the script's own folder on the path, where this package is looked for by its name.
    sys.path.insert(0, str(_HERE.parent))

from dashboards.desk import live, open_desk, wait_for_desk  # noqa: E402 - the path above comes first
from dashboards.views import alerts, header, now, pipeline, sources, topics  # noqa: E402
from monitor.errors import MonitorError  # noqa: E402


def main() -> None:
    """Draws the frame of every page, then the page that was chosen."""
    st.set_page_config(page_title="Sentiment monitor", page_icon=str(_HERE / "favicon.svg"), layout="wide")
    st.html(_HERE / "style.css")
    try:
        desk = open_desk()
    except MonitorError:
        wait_for_desk()
        return
    views = {
        "now": ("Now", ":material/notifications_active:", now.show),
        "topics": ("Topics", ":material/query_stats:", topics.show),
        "alerts": ("Alerts", ":material/history:", alerts.show),
        "sources": ("Sources", ":material/rss_feed:", sources.show),
        "pipeline": ("Pipeline", ":material/lan:", pipeline.show),
    }
    pages: dict[str, StreamlitPage] = {}
    desk = dataclasses.replace(desk, pages=pages)
    for name, (title, icon, view) in views.items():
        pages[name] = st.Page(partial(view, desk), title=title, icon=icon, url_path=name, default=name == "now")
    chosen = st.navigation(list(pages.values()), position="top")
    live(desk, partial(header.show, desk))
    chosen.run()


if __name__ == "__main__":
    main()
