"""Every page, drawn by Streamlit's own runtime over an empty and over a seeded store."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pandas as pd
import pytest
from msgspec import structs
from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df
from streamlit.testing.v1 import AppTest

from dashboards.frames import milliseconds
from dashboards.readings import ALERT_LIMIT
from monitor.alerts.alert import Alert, AlertState
from monitor.clock import MINUTE, floor_to
from monitor.store import alerting, entities, outbox, writes
from monitor.store.database import Database
from monitor.surges.series import Series
from tests.dashboards.scenario import BANKS, DAY, HOUR, TICK
from tests.store.builders import alert, closed_window, counted, mention, minute_count, notification, scored

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


def charted(page: AppTest, table: str) -> pd.DataFrame:
    """A table of the page's only chart."""
    (chart,) = [node.proto for node in page.main if node.type == "vega_lite_chart"]
    (found,) = [dataset.data.data for dataset in chart.datasets if dataset.name == table]
    return convert_arrow_bytes_to_pandas_df(found)


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
    ends = {"topic=Energy": TICK - HOUR, "topic=Markets": TICK - 2 * HOUR}
    over = [
        alert(TICK - n * DAY, Series.parse(key), AlertState.RESOLVED, calm_since=end, resolved_at=TICK)
        for n, (key, end) in zip((2, 1), ends.items(), strict=True)
    ]
    with Database.open(empty_url) as database, database.write() as connection:
        alerting.write_alerts(connection, over)
    assert "Last surge: Energy" in said(drawn("now"))


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


def test_a_topic_that_was_added_is_charted_like_those_of_the_model_however_old_its_news(seeded_url: str) -> None:
    with Database.open(seeded_url) as database, database.write() as connection:
        writes.write_articles(connection, [counted(scored(1, topic="Ferry Strikes"))])
    page = drawn("topics")
    page.multiselect(key="topics").set_value(["Ferry Strikes"]).run()
    assert not page.exception
    assert "Ferry Strikes" in said(page)
    page.toggle(key="every-topic").set_value(True).run()
    assert charts(page) == 22


@pytest.mark.parametrize("name", ["6 h", "1 d", "1 w", "1 m", "all"])
def test_every_range_can_be_chosen(seeded_url: str, name: str) -> None:
    page = drawn("topics")
    page.segmented_control(key="range").set_value(name).run()
    assert not page.exception
    assert charts(page) == 1


def test_alerts_can_be_filtered_by_state_and_looked_into(seeded_url: str) -> None:
    page = drawn("alerts")
    assert len(page.selectbox(key="alert").options) == 3
    page.button_group(key="alert-states").set_value(["Resolved"]).run()
    assert not page.exception
    assert len(page.selectbox(key="alert").options) == 1
    told = said(page)
    assert "It stayed calm for 6 hours." in told
    assert "The receiver answered 410 Gone for a day." in told
    assert "given up" in told
    assert "Company | Product News" in told


def test_an_old_alert_is_found_by_its_series_behind_any_number_of_newer_ones(empty_url: str) -> None:
    energy = Series(topic="Energy")
    newer = [alert(TICK - n * MINUTE, BANKS, AlertState.RESOLVED) for n in range(ALERT_LIMIT)]
    with Database.open(empty_url) as database, database.write() as connection:
        alerting.write_alerts(connection, [*newer, alert(TICK - 30 * DAY, energy, AlertState.RESOLVED)])
        writes.write_progress(connection, "surges", TICK)
    page = drawn("alerts")
    page.selectbox(key="alert-series").select("Energy").run()
    assert not page.exception
    assert len(page.selectbox(key="alert").options) == 1


def test_the_chart_around_a_long_alert_of_the_past_ends_soon_after_it(empty_url: str) -> None:
    opened, resolved, today = TICK - 60 * DAY, TICK - 40 * DAY, floor_to(TICK, DAY)
    past = alert(opened, BANKS, AlertState.RESOLVED, resolved_at=resolved)
    with Database.open(empty_url) as database, database.write() as connection:
        alerting.write_alerts(connection, [past])
        writes.write_windows(connection, [closed_window(today - n * DAY, DAY, BANKS) for n in range(1, 80)])
        writes.write_progress(connection, "surges", TICK)
    points = charted(drawn("alerts"), "points")
    assert points["start"].min() <= milliseconds(opened)
    assert milliseconds(resolved) <= points["end"].max() <= milliseconds(resolved + 2 * DAY)


def test_an_alert_named_by_the_address_is_the_one_shown(seeded_url: str) -> None:
    listed = drawn("alerts").selectbox(key="alert")
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


def test_the_alert_that_is_read_stays_when_its_state_changes_and_a_newer_one_is_opened(empty_url: str) -> None:
    first, second = alert(TICK - DAY, BANKS), alert(TICK - HOUR, Series(topic="Energy"))
    page = _with_alerts(empty_url, first, second)
    for chosen, read in ((None, second), (first.id, first)):
        if chosen:
            page.selectbox(key="alert").select(chosen).run()
        assert _read(page) == read.id
        options = page.selectbox(key="alert").options
        changed = structs.replace(read, state=AlertState.RECEDING, calm_since=TICK)
        newer = alert(TICK - len(read.series.topic) * MINUTE, Series(topic="Markets"))
        with Database.open(empty_url) as database, database.write() as connection:
            alerting.write_alerts(connection, [changed, newer])
        page.run()
        assert _read(page) == read.id
        assert "Receding" in said(page)
        # A browser knows an option again by its words alone.
        assert set(options) < set(page.selectbox(key="alert").options)


def test_a_link_to_an_alert_is_followed_again_after_another_one_was_read(empty_url: str) -> None:
    first, second = alert(TICK - DAY, BANKS), alert(TICK - HOUR, Series(topic="Energy"))
    page = _with_alerts(empty_url, first, second, asked=first.id)
    assert _read(page) == first.id
    page.selectbox(key="alert").select(second.id).run()
    assert (_read(page), page.query_params["alert"]) == (second.id, second.id)
    page.query_params["alert"] = first.id
    page.run()
    assert _read(page) == first.id


def test_an_alert_that_does_not_exist_is_not_answered_with_another(empty_url: str) -> None:
    page = _with_alerts(empty_url, alert(TICK - DAY, BANKS), asked="<b>gone</b>")
    assert "There is no alert <b>gone</b>" in said(page)
    assert _read(page) is None
    assert len(page.selectbox(key="alert").options) == 1


def test_two_companies_of_one_name_are_told_apart(empty_url: str) -> None:
    listed, unlisted = (alert(TICK - HOUR, Series(entity=entity)) for entity in ("boeing", "~boeing"))
    page = _with_alerts(empty_url, listed, unlisted)
    assert set(page.selectbox(key="alert-series").options) == {"Any series", "Boeing", "Boeing (unlisted)"}
    assert len(set(page.selectbox(key="alert").options)) == 2
    for each in (listed, unlisted):
        page.selectbox(key="alert-series").select(each.series.key).run()
        assert _read(page) == each.id
        assert len(page.selectbox(key="alert").options) == 1
    told = said(page)
    assert re.search(r"Boeing \(unlisted\)\s*:\s*\d+ of", told)
    assert "Negative share of Boeing (unlisted) in" in told
    assert re.search(r"Boeing \(unlisted\)\s*:\s*\d+ of", said(drawn("now")))
    refused = notification("a", unlisted)
    with Database.open(empty_url) as database, database.write() as connection:
        alerting.write_notifications(connection, [refused], TICK)
        outbox.claim_due(connection, "test", TICK, HOUR, 10)
        outbox.mark_dead(connection, "a", "test", "Gone.")
    assert "Boeing (unlisted)" in said(drawn("pipeline"))
    over = [structs.replace(each, state=AlertState.RESOLVED, resolved_at=TICK) for each in (listed, unlisted)]
    with Database.open(empty_url) as database, database.write() as connection:
        alerting.write_alerts(connection, [over[0], structs.replace(over[1], calm_since=TICK + MINUTE)])
    assert "Last surge: Boeing (unlisted), from" in said(drawn("now"))


def test_a_filter_that_matches_nothing_says_so_and_how_many_there_are(seeded_url: str) -> None:
    page = drawn("alerts")
    page.button_group(key="alert-states").set_value(["Receding"]).run()
    assert "None of the 3 alerts that are kept" in said(page)
    assert _read(page) is None


def _with_alerts(url: str, *alerts: Alert, asked: str = "") -> AppTest:
    with Database.open(url) as database, database.write() as connection:
        alerting.write_alerts(connection, alerts)
        writes.write_progress(connection, "surges", TICK)
    return opened("alerts", **({"alert": [asked]} if asked else {}))


def _read(page: AppTest) -> str | None:
    found = re.findall(r'data-alert="([^"]+)"', markup(page))
    assert len(found) <= 1
    return found[0] if found else None


def opened(view: str, **address: list[str]) -> AppTest:
    """The page as it is loaded from an address; another one is gone to by the session's `view`."""
    script = (
        "import streamlit as st\nfrom dashboards.desk import open_desk\nfrom dashboards.views import alerts, topics\n"
        f"dict(alerts=alerts, topics=topics)[st.session_state.get('view', '{view}')].show(open_desk())\n"
    )
    page = AppTest.from_string(script, default_timeout=60)
    for name, values in address.items():
        page.query_params[name] = values
    page.run()
    assert not page.exception, page.exception
    return page


def go(page: AppTest, view: str) -> None:
    """To another page by a link, whose address says nothing."""
    page.session_state["view"] = view
    for name in list(page.query_params):
        del page.query_params[name]
    page.run()
    assert not page.exception, page.exception


def test_what_was_chosen_is_there_again_after_another_page_and_after_a_reload(seeded_url: str) -> None:
    page = opened("topics")
    page.multiselect(key="topics").set_value([BANKS.key]).run()
    page.segmented_control(key="range").set_value("1 w").run()
    address = dict(page.query_params)
    go(page, "alerts")
    page.button_group(key="alert-states").set_value(["Resolved"]).run()
    go(page, "topics")
    for shown in (page, opened("topics", **address)):
        assert shown.multiselect(key="topics").value == [BANKS.key]
        assert shown.segmented_control(key="range").value == "1 w"
    assert dict(page.query_params) == address
    go(page, "alerts")
    assert page.button_group(key="alert-states").value == ["Resolved"]
    assert len(page.selectbox(key="alert").options) == 1


def test_nothing_chosen_stays_nothing(seeded_url: str) -> None:
    page = opened("topics")
    assert page.multiselect(key="topics").value == ["all"]
    page.multiselect(key="topics").set_value([]).run()
    go(page, "alerts")
    go(page, "topics")
    assert page.multiselect(key="topics").value == []
    assert "All news" in said(page)


def test_an_address_that_makes_no_sense_is_passed_over(seeded_url: str) -> None:
    address = {"topics": ["usual:source=x"], "range": ["never"], "alert-states": ["odd"], "alert-series": ["topic=Odd"]}
    page = opened("topics", **address)
    assert page.multiselect(key="topics").value == []
    assert page.segmented_control(key="range").value == "1 d"
    assert "None of the 3 alerts" in said(opened("alerts", **address))


def test_an_address_may_say_nothing_or_the_same_twice(seeded_url: str) -> None:
    address = {"topics": ["all", "", BANKS.key, "all"], "every-topic": ["False"], "alert": [""]}
    page = opened("topics", **address)
    assert page.multiselect(key="topics").value == ["all", BANKS.key]
    assert page.toggle(key="every-topic").value is False
    assert charts(page) == 2
    alerts = opened("alerts", **address, **{"alert-states": ["Firing", "Firing"]})
    assert alerts.button_group(key="alert-states").value == ["Firing"]
    assert _read(alerts) is not None


def test_an_address_asks_for_so_many_charts_and_no_more(seeded_url: str) -> None:
    page = opened("topics", topics=[f"entity=firm{number}" for number in range(100)])
    assert charts(page) == len(page.multiselect(key="topics").value) == 24
    page.segmented_control(key="range").set_value("1 w").run()
    assert not page.exception


def test_a_company_that_was_chosen_stays_when_others_are_busier(empty_url: str) -> None:
    named = structs.replace(mention("Acme"), entity="~acme", relevance=80)
    items = [structs.replace(scored(1, published_at=TICK - HOUR, first_seen_at=TICK), mentions=(named,))]
    with Database.open(empty_url) as database, database.write() as connection:
        writes.write_articles(connection, [counted(item) for item in items])
        entities.write_mentions(connection, items)
        writes.write_progress(connection, "surges", TICK)
    page = opened("topics")
    page.multiselect(key="topics").set_value(["entity=~acme"]).run()
    with Database.open(empty_url) as database, database.write() as connection:
        writes.write_progress(connection, "surges", TICK + 8 * DAY)  # it is not among those of the week any more
    page.run()
    assert page.multiselect(key="topics").value == ["entity=~acme"]
    assert "Acme" in said(page)


def test_the_range_of_the_last_day_of_a_company_is_known_at_any_hour(empty_url: str) -> None:
    acme, yesterday = Series(entity="~acme"), floor_to(TICK, DAY) - DAY
    with Database.open(empty_url) as database, database.write() as connection:
        writes.write_windows(connection, [closed_window(yesterday, DAY, acme)])
        writes.write_progress(connection, "surges", TICK)
    page = opened("topics", topics=[acme.key], range=["6 h"])
    assert set(charted(page, "points")["usual"][1:]) == {"30% (10% to 60%), range of a whole day"}
    with Database.open(empty_url) as database, database.write() as connection:
        writes.write_progress(connection, "surges", TICK + 9 * DAY)
    page.run()
    assert set(charted(page, "points")["usual"]) == {"not known yet"}
    assert charted(page, "band").empty


def test_stories_of_a_company_show_the_sentiment_toward_it(empty_url: str) -> None:
    named = structs.replace(mention("Acme", negative=0.8), entity="~acme", relevance=80)
    item = scored(1, negative=0.1, published_at=TICK - 30 * MINUTE, first_seen_at=TICK - 30 * MINUTE)
    with Database.open(empty_url) as database, database.write() as connection:
        writes.write_articles(connection, [counted(structs.replace(item, mentions=(named,)))])
        entities.write_mentions(connection, [structs.replace(item, mentions=(named,))])
    page = _with_alerts(empty_url, alert(TICK, Series(entity="~acme")))
    assert re.search(r"Sentiment toward it.*negative 80%", said(page), re.DOTALL)


def test_a_topic_of_few_stories_comes_after_those_that_are_judged(empty_url: str) -> None:
    many, few = Series(topic="Energy"), Series(topic="Currencies")
    with Database.open(empty_url) as database, database.write() as connection:
        writes.write_articles(connection, [counted(scored(n, topic=each.topic, published_at=TICK - HOUR,
            first_seen_at=TICK)) for n, each in enumerate((many, few))])  # fmt: skip
        writes.add_minute_counts(
            connection, [minute_count(TICK - HOUR, 20, 10, many), minute_count(TICK - HOUR, 1, 1, few)]
        )
        windows = [closed_window(floor_to(TICK, DAY) - DAY, DAY, each) for each in (many, few)]
        writes.write_windows(connection, windows)
        writes.write_progress(connection, "surges", TICK)
    told = said(drawn("now"))
    assert told.index("Energy") < told.index("Currencies")


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
    monkeypatch.setenv("MONITOR_STORE__URL", "sqlite:////proc/monitor.db")
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
    monkeypatch.setenv("MONITOR_STORE__URL", "sqlite:////proc/monitor.db")
    page = AppTest.from_file(str(APP), default_timeout=60).run()
    assert page.warning
    monkeypatch.setenv("MONITOR_STORE__URL", empty_url)
    page.run()
    assert not page.warning
    assert "Nothing has arrived yet" in said(page)
