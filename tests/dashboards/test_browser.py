"""The dashboard in a real browser: it loads, renews itself without flicker, and speaks to nobody but its own server."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from msgspec import structs

from monitor.alerts.alert import AlertState
from monitor.store import alerting, reads
from monitor.store.database import Database

APP = Path(__file__).parents[2] / "dashboards" / "app.py"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
RENEWALS = 6
"""Finished runs of a fragment to wait for; the header and the page are one each, so three renewals of both."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (Debian: apt-get install chromium)"),
]


@pytest.fixture
def address(seeded_url: str, tmp_path: Path) -> Iterator[str]:
    """The dashboard, started as the supervisor starts it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(APP),
        "--server.port",
        str(port),
        "--server.address",
        "127.0.0.1",
        "--server.headless",
        "true",
        "--browser.gatherUsageStats",
        "false",
    ]
    environment = {**os.environ, "MONITOR_STORE__URL": seeded_url, "MONITOR_DASHBOARD__REFRESH_SECONDS": "0.5"}
    server = subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert server.stdout is not None
        said = []
        for line in server.stdout:
            said.append(line)
            if "URL:" in line:
                break
        else:
            pytest.fail("The dashboard ended at once: " + "".join(said))
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture
def page(address: str) -> Iterator[Any]:
    """A page of the browser that notes each request, each error, and each finished run of a fragment."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed (a development dependency)"
    )
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    with playwright.sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        opened = browser.new_page(viewport={"width": 1280, "height": 900}, base_url=address)
        opened.asked, opened.errors, opened.finished = [], [], []

        def note(payload: str | bytes) -> None:
            message = ForwardMsg()
            if isinstance(payload, bytes):
                message.ParseFromString(payload)
                if message.WhichOneof("type") == "script_finished":
                    opened.finished.append(message.script_finished)

        def listen(channel: Any) -> None:
            opened.asked.append(channel.url)
            channel.on("framereceived", note)

        opened.on("request", lambda request: opened.asked.append(request.url))
        opened.on("pageerror", lambda error: opened.errors.append(str(error)))
        opened.on("websocket", listen)
        yield opened
        browser.close()


def wait_for_renewals(page: Any, number: int) -> None:
    goal = len(page.finished) + number
    for _ in range(300):
        if len(page.finished) >= goal:
            return
        page.wait_for_timeout(100)
    pytest.fail(f"The page did not renew itself {number} times in 30 s.")


def test_the_page_renews_itself_in_place_and_asks_nobody_outside(page: Any) -> None:
    page.goto("/")
    card = page.locator("article.sm-card.firing")
    card.wait_for(timeout=60_000)
    assert "14 of 22 stories negative in the last hour, usually 4" in card.inner_text()
    page.locator(".stVegaLiteChart svg, .stVegaLiteChart canvas").first.wait_for(timeout=60_000)
    wait_for_renewals(page, 2)
    page.evaluate(
        """() => {
            window.kept = [document.querySelector('article.sm-card.firing'),
                           document.querySelector('.stVegaLiteChart svg, .stVegaLiteChart canvas')];
            window.changes = 0;
            for (const node of window.kept)
                new MutationObserver(list => { window.changes += list.length; })
                    .observe(node, {subtree: true, childList: true, characterData: true});
            window.scroller = document.querySelector('[data-testid="stMain"]');
            window.scroller.scrollTop = 150;
        }"""
    )
    wait_for_renewals(page, RENEWALS)
    assert page.evaluate("window.kept.every(node => document.contains(node))")
    assert page.evaluate("window.changes") == 0
    assert page.evaluate("window.scroller.scrollTop") == 150
    for name in ("Topics", "Alerts", "Pipeline"):
        page.get_by_role("link", name=name, exact=True).click()
        page.locator(".sm-title").first.wait_for(timeout=30_000)
        wait_for_renewals(page, 2)
    outside = {
        url
        for url in page.asked
        if urlsplit(url).scheme not in ("data", "blob") and urlsplit(url).hostname != "127.0.0.1"
    }
    assert outside == set()
    assert page.errors == []
    assert "owned" not in page.title()


def test_the_alert_that_was_chosen_is_read_on_whatever_becomes_of_it(page: Any, seeded_url: str) -> None:
    page.goto("/alerts")
    card = page.locator("article.sm-card")
    card.wait_for(timeout=60_000)
    newest = card.get_attribute("data-alert")
    page.locator("[data-testid=stSelectbox] input").last.click()
    page.get_by_role("option", name="Financials").click()
    page.locator("article.sm-card h3", has_text="Financials").wait_for(timeout=30_000)
    chosen = card.get_attribute("data-alert")
    assert chosen != newest
    with Database.open(seeded_url) as database, database.write() as connection:
        before = reads.read_alert(connection, chosen)
        assert before is not None
        alerting.write_alerts(connection, [structs.replace(before, state=AlertState.RECEDING)])
    page.locator("article.sm-card.receding").wait_for(timeout=30_000)
    wait_for_renewals(page, RENEWALS)
    assert card.get_attribute("data-alert") == chosen
    page.reload()
    card.wait_for(timeout=60_000)
    assert card.get_attribute("data-alert") == chosen


def test_a_card_s_link_opens_its_alert_each_time_and_choices_are_there_again(page: Any) -> None:
    page.goto("/")
    first = page.locator("article.sm-card").first
    first.wait_for(timeout=60_000)
    wanted = first.get_attribute("data-alert")
    for _ in range(2):
        page.locator("[data-testid=stPageLink] a").first.click()
        page.locator("[data-testid=stSelectbox]").first.wait_for(timeout=30_000)
        page.locator(f"article[data-alert='{wanted}']").wait_for(timeout=30_000)
        assert page.locator("article.sm-card").count() == 1
        page.locator("[data-testid=stSelectbox] input").last.click()
        page.get_by_role("option").last.click()
        page.locator(f"article[data-alert='{wanted}']").wait_for(state="detached", timeout=30_000)
        page.get_by_role("link", name="Now", exact=True).click()
        page.locator("[data-testid=stPageLink] a").first.wait_for(timeout=30_000)
    page.get_by_role("link", name="Topics", exact=True).click()
    page.get_by_text("1 w", exact=True).click()
    page.get_by_text("the 24 hours before").wait_for(timeout=30_000)
    page.get_by_role("link", name="Now", exact=True).click()
    page.locator("[data-testid=stPageLink] a").first.wait_for(timeout=30_000)
    page.get_by_role("link", name="Topics", exact=True).click()
    page.get_by_text("the 24 hours before").wait_for(timeout=30_000)
    page.reload()
    page.get_by_text("the 24 hours before").wait_for(timeout=60_000)
    for _ in range(3):  # to the page as it was opened, before its choices were put into the address, and beyond
        if page.url.endswith("/topics") or "/topics?" in page.url:
            page.go_back()
            wait_for_renewals(page, 2)
    assert "/topics" not in page.url
    assert page.errors == []


def test_a_click_on_the_chart_shows_the_stories_behind_the_point_and_keeps_them(page: Any) -> None:
    page.goto("/topics")
    chart = page.locator(".stVegaLiteChart").first
    chart.locator("svg, canvas").first.wait_for(timeout=60_000)
    wait_for_renewals(page, 2)
    box = chart.bounding_box()
    page.mouse.move(box["x"] + box["width"] - 60, box["y"] + 90)
    page.mouse.click(box["x"] + box["width"] - 60, box["y"] + 90)
    rows = page.locator("table.sm-stories-table tbody tr")
    rows.first.wait_for(timeout=30_000)
    before = rows.first.inner_text()
    wait_for_renewals(page, RENEWALS)
    assert rows.first.inner_text() == before
