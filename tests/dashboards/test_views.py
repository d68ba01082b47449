"""Every page, drawn by Streamlit's own runtime over an empty and over a seeded store."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from monitor.clock import MINUTE
from monitor.store import writes
from monitor.store.database import Database
from tests.dashboards.scenario import TICK

APP = Path(__file__).parents[2] / "dashboards" / "app.py"
VIEWS = ("now", "topics", "alerts", "sources", "pipeline")


def drawn(view: str) -> AppTest:
    script = f"from dashboards.desk import open_desk\nfrom dashboards.views import {view}\n{view}.show(open_desk())\n"
    page = AppTest.from_string(script, default_timeout=60).run()
    assert not page.exception, page.exception
    return page


def markup(page: AppTest) -> str:
    return "\n".join(node.proto.body for node in page.main if node.type == "html")


def said(page: AppTest) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", markup(page)))


def charts(page: AppTest) -> int:
    return sum(node.type == "vega_lite_chart" for node in page.main)


@pytest.mark.parametrize(
    ("view", "words"),
    [
        ("now", "Nothing has arrived yet"),
        ("topics", "Nothing has arrived yet"),
        ("alerts", "No alerts"),
        ("sources", "No source has been asked yet"),
        ("pipeline", "nothing has been counted yet"),
    ],
)
def test_an_empty_store_says_what_will_appear(empty_url: str, view: str, words: str) -> None:
    page = drawn(view)
    assert words in said(page)
    assert charts(page) == 0


def test_the_entry_draws_header_and_first_page(seeded_url: str) -> None:
    page = AppTest.from_file(str(APP), default_timeout=60).run()
    assert not page.exception
    told = said(page)
    assert "2026-03-12 14:30 UTC" in told
    assert re.search(r"23\s+duplicates", told)
    assert re.search(r"3\s+dead letters", told)
    assert "Financials" in told


def test_the_first_page_shows_the_most_urgent_alert_first_in_plain_words(seeded_url: str) -> None:
    page = drawn("now")
    told = said(page)
    assert re.search(r"Financials\s*:\s*14 of 22 stories negative in the last hour, usually 4", told)
    assert "1 in 3.1 million" in told
    assert "64% negative; 5% to 36% is expected" in told
    assert told.index("▲ Firing") < told.index("△ Pending")
    assert charts(page) == 1


def test_a_quiet_store_names_the_last_surge(empty_url: str) -> None:
    with Database.open(empty_url) as database, database.write() as connection:
        writes.write_progress(connection, "surges", TICK)
    assert "There has been no surge so far." in said(drawn("now"))


def test_hostile_titles_are_shown_as_the_text_that_they_are(seeded_url: str) -> None:
    for view in ("now", "alerts"):
        code = markup(drawn(view))
        assert "&lt;img src=x onerror=" in code
        assert "<img" not in code
        assert "<script" not in code
        assert "\u202e" not in code
        assert not re.search(r"href=\"(?!https?://)", code)
        assert "**Bold** [click me](javascript:alert(1))" in code


def test_one_topic_is_shown_large_and_every_topic_as_small_multiples(seeded_url: str) -> None:
    page = drawn("topics")
    assert charts(page) == 1
    page.toggle(key="every-topic").set_value(True).run()
    assert not page.exception
    assert charts(page) == 21


@pytest.mark.parametrize("name", ["6 h", "1 d", "1 w", "1 m", "all"])
def test_every_range_can_be_chosen(seeded_url: str, name: str) -> None:
    page = drawn("topics")
    page.segmented_control(key="range").set_value(name).run()
    assert not page.exception
    assert charts(page) == 1


def test_alerts_can_be_filtered_by_state_and_looked_into(seeded_url: str) -> None:
    page = drawn("alerts")
    assert len(page.selectbox(key="alert-chosen").options) == 3
    page.button_group(key="alert-states").set_value(["Resolved"]).run()
    assert not page.exception
    assert len(page.selectbox(key="alert-chosen").options) == 1
    told = said(page)
    assert "It stayed calm for 6 hours." in told
    assert "The receiver answered 410 Gone for a day." in told
    assert "given up" in told
    assert "Company | Product News" in told


def test_an_alert_named_by_the_address_is_the_one_shown(seeded_url: str) -> None:
    listed = drawn("alerts").selectbox(key="alert-chosen")
    wanted = listed.options[1]
    script = "from dashboards.desk import open_desk\nfrom dashboards.views import alerts\nalerts.show(open_desk())\n"
    page = AppTest.from_string(script, default_timeout=60)
    page.query_params["alert"] = _id_of(seeded_url, wanted)
    page.run()
    assert not page.exception
    assert "Financials" in said(page)
    assert "Connection refused." in said(page)


def _id_of(url: str, label: str) -> str:
    from monitor.store import reads

    with Database.open(url) as database, database.read() as connection:
        return next(alert.id for alert in reads.read_alerts(connection, 10) if alert.series.title in label)


def test_the_pipeline_page_tells_the_living_from_the_silent_and_the_absent(seeded_url: str) -> None:
    told = said(drawn("pipeline"))
    assert re.search(r"alerts@desk-1:\d+\s+✕ silent for", told)
    assert re.search(r"dispatch\s+✕ not running", told)
    assert "Not JSON: <script>alert(1)</script>" in told
    assert re.search(r"1\s*given up", told)
    assert "Coastal Wire" in told
    assert "The store was locked." in told


def test_the_pipeline_page_shows_what_serves_how_good_it_is_and_what_was_judged(seeded_url: str) -> None:
    told = said(drawn("pipeline"))
    assert re.search(r"classify@desk-1:\d+\s+fast-aaaaaaaaaaaa\s+all-MiniLM-L6-v2", told)
    assert re.search(r"tfns validation\s*:\s*accuracy 87%, ECE 0.021", told)
    assert "weights.safetensors is damaged" in told
    assert re.search(
        r"fast-bbbbbbbbbbbb\s+fast-000000000000\s+refused\s+It finds 10% of the 40 texts of <b>IPO</b>", told
    )


def test_the_pipeline_page_shows_what_is_too_doubtful_to_be_counted(seeded_url: str) -> None:
    told = said(drawn("pipeline"))
    assert re.search(r"may or may not lose its chair\s+negative 41%", told)


def test_a_tick_that_moves_on_moves_the_page(seeded_url: str) -> None:
    page = drawn("now")
    with Database.open(seeded_url) as database, database.write() as connection:
        writes.write_progress(connection, "surges", TICK + 7 * MINUTE)
    page.run()
    assert "on for 2 h 12 min" in said(page)


def test_a_store_that_cannot_be_opened_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITOR_STORE__URL", "sqlite:////proc/nowhere/monitor.db")
    page = AppTest.from_file(str(APP), default_timeout=60).run()
    assert not page.exception
    assert "The store does not answer" in page.warning[0].value
    assert "cannot be opened" in page.text[0].value


def test_a_setting_that_is_not_allowed_is_explained(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITOR_DASHBOARD__REFRESH_SECONDS", "0")
    page = AppTest.from_file(str(APP), default_timeout=60).run()
    assert not page.exception
    assert "The settings cannot be used" in page.warning[0].value
    assert "dashboard.refresh_seconds" in page.text[0].value


def test_a_page_that_waits_for_the_store_draws_itself_when_it_is_there(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONITOR_STORE__URL", "sqlite:////proc/nowhere/monitor.db")
    page = AppTest.from_file(str(APP), default_timeout=60).run()
    assert page.warning
    monkeypatch.setenv("MONITOR_STORE__URL", empty_url)
    page.run()
    assert not page.warning
    assert "Nothing has arrived yet" in said(page)
