"""The demo's input, and the generator that wrote it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from monitor.classify.labels import TOPICS
from monitor.classify.openvino_engine import OpenVinoEngine
from monitor.classify.text import prepare_text
from monitor.demo import SCENARIO
from monitor.ingest.language import detect_language
from pipelines.demo_frames.faults import REPEATS, REPRINTS
from pipelines.demo_frames.frames import normalised
from pipelines.demo_frames.lines import Story
from pipelines.demo_frames.world import companies
from pipelines.demo_scenario import entries, scenario_bytes, stories, truth_bytes

TRUTH = SCENARIO.with_name("truth.json")
KNOWN = (
    "AAPL MSFT GOOG GOOGL AMZN META TSLA NVDA BRKA BRKB JPM JNJ V PG UNH HD MA BAC DIS ADBE CRM NFLX XOM "
    "CVX KO PEP PFE MRK ABBV TMO CSCO ABT AVGO ACN COST WMT MCD DHR NKE LLY TXN NEE QCOM LIN UPS PM MS GS "
    "INTC AMD IBM ORCL HON CAT BA GE MMM RTX LMT F GM T VZ TMUS CMCSA C WFC USB PNC SCHW BLK AXP SPGI MCO "
    "CME ICE PYPL SQ COIN SBUX TGT LOW BKNG ABNB UBER LYFT DAL UAL AAL LUV CCL RCL SHOP SNOW PLTR ZM ROKU "
    "SNAP TWTR PINS SPOT GILD AMGN BMY MRNA BABA TSM SIVB FRC SBNY PACW WAL "
)
"""Symbols of well-known companies, and of banks whose failures are remembered."""
REAL_TICKERS = frozenset(KNOWN.split())


@cache
def told() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(TRUTH.read_text(encoding="utf-8"))
    return loaded


@cache
def raw_lines() -> list[bytes]:
    return SCENARIO.read_bytes().splitlines()


@cache
def items() -> list[tuple[int, dict[str, Any]]]:
    read = []
    for number, line in enumerate(raw_lines(), 1):
        try:
            read.append((number, json.loads(line)))
        except ValueError:
            continue
    return read


@cache
def written() -> list[Story]:
    return stories()


@cache
def seen() -> dict[int, datetime]:
    return {number: datetime.fromisoformat(item["seen_at"]) for number, item in items()}


def test_the_shipped_files_are_what_the_generator_writes() -> None:
    lines = entries()
    assert scenario_bytes(lines) == SCENARIO.read_bytes()
    assert truth_bytes(lines) == TRUTH.read_bytes()


def test_another_process_with_another_hash_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    out = tmp_path / "again.jsonl"
    command = [sys.executable, "-m", "pipelines.demo_scenario", "--out", str(out)]
    root = Path(__file__).parents[2]
    subprocess.run(command, check=True, cwd=root, env={"PYTHONHASHSEED": "7", "PYTHONPATH": str(root)})
    assert out.read_bytes() == SCENARIO.read_bytes()


def test_the_counts_are_those_of_the_sidecar() -> None:
    kinds = told()["kinds"]
    assert told()["lines"] == len(raw_lines()) == sum(kinds.values())
    assert kinds["exact_duplicate"] == REPEATS
    assert kinds["near_duplicate"] == REPRINTS
    assert {k: n for k, n in kinds.items() if n == 1}.keys() == {
        "broken_json", "no_text", "number_for_text", "invalid_utf8", "undated", "unreadable_date", "late", "future",
        "language_zh", "language_de", "language_ar",
    }  # fmt: skip
    assert len(written()) >= 1800
    assert SCENARIO.stat().st_size < 1_000_000


def test_no_two_stories_share_a_title_whatever_its_case_and_punctuation() -> None:
    counted = Counter(normalised(story.title) for story in written())
    assert [title for title, n in counted.items() if n > 1] == []


def test_headlines_have_four_to_twenty_two_words_and_no_unfilled_slot() -> None:
    for story in written():
        assert 4 <= len(story.title.split()) <= 22, story.title
        assert not re.search(r"[{}\[\]|]|\.\.", story.title + story.description), story


def test_about_a_third_of_the_stories_have_a_description() -> None:
    share = sum(bool(story.description) for story in written()) / len(written())
    assert 0.25 < share < 0.45


def test_lines_stand_in_order_of_arrival_within_the_week() -> None:
    moments = list(seen().values())
    assert moments == sorted(moments)
    assert moments[0].isoformat() >= "2024-03-04"
    assert moments[-1].isoformat() < "2024-03-11"


def test_repeats_are_the_same_item_at_a_later_place() -> None:
    first: dict[tuple[str, str], dict[str, Any]] = {}
    repeated = 0
    for _, item in items():
        key = item.get("source", ""), item.get("url", "")
        if key in first:
            repeated += 1
            assert {**item, "seen_at": ""} == {**first[key], "seen_at": ""}
        first.setdefault(key, item)
    assert repeated == REPEATS


def test_one_item_is_undated_one_unreadable_one_late_and_one_in_the_future() -> None:
    dated = {number: str(item["published"]) for number, item in items() if "published" in item}
    assert (
        sum("title" in item and isinstance(item["title"], str) and "published" not in item for _, item in items()) == 1
    )
    assert list(dated.values()).count("2024-02-30") == 1
    exact = {number: datetime.fromisoformat(text) for number, text in dated.items() if "T" in text}
    first_url: dict[str, int] = {}
    for number, item in items():
        first_url.setdefault(item.get("url", ""), number)
    delays = [seen()[number] - exact[number] for number in first_url.values() if number in exact]
    assert sum(delay > timedelta(hours=20) for delay in delays) == 1
    assert sum(delay < timedelta(0) for delay in delays) == 1
    assert sum(timedelta(0) <= delay <= timedelta(seconds=75) for delay in delays) == len(delays) - 2


def test_every_language_but_english_occurs_as_often_as_meant() -> None:
    texts = {(item["title"], item.get("description", "")) for _, item in items() if isinstance(item.get("title"), str)}
    languages = Counter(detect_language(f"{title} {body}") for title, body in texts)
    assert {code: n for code, n in languages.items() if code != "en"} == {"zh": 1, "de": 1, "ar": 1}


def test_all_topics_are_present_and_calm_days_are_mixed() -> None:
    calm = [story for story in written() if story.phase == "calm"]
    for topic, name in enumerate(TOPICS):
        moods = Counter(story.sentiment for story in calm if story.topic == topic)
        assert sum(moods.values()) >= 35, name
        assert 0.08 < moods["negative"] / sum(moods.values()) < 0.33, name
        assert moods["positive"] > 0, name
        assert moods["neutral"] > 0, name


def test_the_crisis_is_negative_at_its_height_and_calm_at_its_end() -> None:
    window = {key: datetime.fromisoformat(text) for key, text in list(told()["windows"]["crisis"].items())[:4]}
    crisis = [story for story in written() if story.phase == "crisis"]
    height = [s for s in crisis if window["start"] <= s.when < window["intense_until"]]
    after = [s for s in crisis if s.when > window["rescue"] + timedelta(hours=1)]
    assert len(height) > 150
    assert sum(s.sentiment == "negative" for s in height) / len(height) > 0.9
    assert not any(s.sentiment == "negative" for s in after)
    assert max(seen().values()) - window["ebbed"] > timedelta(hours=10)


def test_no_ticker_is_a_well_known_one_and_all_are_different() -> None:
    tickers = [company.ticker for company in companies()]
    cashtags = {tag for line in raw_lines() for tag in re.findall(r"\$([A-Z]{1,5})\b", line.decode("utf-8", "replace"))}
    assert len(set(tickers)) == len(tickers) >= 55
    assert REAL_TICKERS.isdisjoint(set(tickers) | cashtags)
    assert cashtags <= set(tickers) | {"CRVB", "PNHW", "LKMR", "PNLQ"}


def test_the_shipped_model_sees_the_crisis_and_the_calm() -> None:
    by_number = dict(items())
    sample = told()["sample"]
    texts = [prepare_text(by_number[s["line"]]["title"], by_number[s["line"]].get("description", "")) for s in sample]
    negative = OpenVinoEngine(threads=1).classify(texts).sentiment_probabilities.argmax(axis=1) == 0
    intended = [s["phase"] != "calm" and s["sentiment"] == "negative" for s in sample]
    bad = [bool(n) for n, meant in zip(negative, intended, strict=True) if meant]
    calm = [bool(n) for n, s in zip(negative, sample, strict=True) if s["phase"] == "calm"]
    assert sum(bad) / len(bad) > 0.5
    assert sum(calm) / len(calm) < 0.3
