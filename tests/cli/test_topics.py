"""`monitor topics` as a person types it, with the model that ships."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from monitor.classify.added_topics import AddedTopic
from monitor.classify.labels import TOPICS, Labels
from monitor.classify.manifest import load_manifest
from monitor.classify.openvino_engine import SHIPPED_MODEL, OpenVinoEngine
from monitor.cli.app import app
from monitor.learning.topics.making import Expectation
from monitor.learning.versions.registry import Registry
from monitor.learning.versions.version import ModelVersion
from monitor.settings import load_settings
from monitor.store.database import Database
from pipelines.registry import open_registry
from pipelines.topics import Background, Proposal, add_topic

SHIPPING = (
    "Container rates climb again as carriers skip ports",
    "Port strike leaves dozens of freighters at anchor",
    "Shipping line adds surcharge after canal drought",
    "Tanker rates double on longer routes around the cape",
    "Dockworkers reach deal, ending backlog at harbour",
    "Freight forwarder warns of empty container shortage",
    "Bulk carrier runs aground and blocks the strait",
    "Shipyard wins order for twelve container vessels",
    "Ocean carrier lifts its outlook on higher freight rates",
)
TOLD = ("--description", "Ships, ports, freight rates and ocean carriers.")
OTHERS = ("Chipmaker lifts its outlook after record quarterly profit", "Senate votes on the budget after a long night")


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITOR_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("MONITOR_CLASSIFY__THREADS", "1")
    monkeypatch.chdir(tmp_path)


def monitor(*arguments: str, status: int = 0) -> Result:
    done = CliRunner().invoke(app, ["topics", *arguments])
    assert done.exit_code == status, done.output + repr(done.exception)
    return done


def told(*arguments: str) -> Any:
    return json.loads(monitor(*arguments, "--json").stdout.splitlines()[-1])


def written(name: str, texts: tuple[str, ...]) -> str:
    Path(name).write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return name


def refused(*arguments: str) -> str:
    return " ".join(monitor(*arguments, status=2).stderr.split())


@pytest.mark.slow
def test_a_topic_is_tried_added_listed_served_and_removed() -> None:
    examples = written("shipping.txt", SHIPPING)
    tried = told("try", "Shipping", *TOLD, "--examples", examples)
    assert tried["nearest"][0]["probability"] > 0.9
    assert tried["background"]["origin"] == "demo"
    assert tried["expected"]["recall"] > 0.5
    assert "Shipping" not in [topic["name"] for topic in told("list")["topics"]]

    added = told("add", "Shipping", *TOLD, "--examples", examples, "--promote")
    before, now = OpenVinoEngine(threads=1), told("list")
    assert added["parent"] == before.model_version
    assert now["model_version"] == added["version"] != before.model_version
    assert [topic["name"] for topic in now["topics"]] == [*TOPICS, "Shipping"]

    folder = Path("var/cache/models") / added["version"]
    after = OpenVinoEngine(folder, threads=1)
    assert after.labels.added == ("Shipping",)
    ours, theirs = before.classify([*OTHERS, SHIPPING[1]]), after.classify([*OTHERS, SHIPPING[1]])
    assert (theirs.topic_probabilities[:2, :-1] == ours.topic_probabilities[:2]).all()
    assert (theirs.sentiment_probabilities == ours.sentiment_probabilities).all()
    assert (theirs.embeddings == ours.embeddings).all()
    assert theirs.mentions == ours.mentions
    assert theirs.topics[2] == len(TOPICS)
    assert np.allclose(theirs.topic_probabilities.sum(axis=1), 1.0, atol=1e-3)

    assert "already" in refused("add", "shipping", *TOLD, "--examples", examples)
    second = told("add", "Weather", "--description", "Storms, floods, droughts and heat waves.")
    assert second["made_of"] == "description"
    removed = told("remove", "Shipping")
    assert removed["version"] == before.model_version  # the content is the parent's again, and so is the name
    assert "Weather" in [topic["name"] for topic in told("list", "--model", second["version"])["topics"]]


def test_what_is_shown_says_where_the_line_falls() -> None:
    shown = monitor("try", "Shipping", *TOLD, "--examples", written("shipping.txt", SHIPPING), "--shown", "12")
    assert "those above the line" in shown.stdout
    assert "Expected precision" in shown.stdout
    assert "too few recent stories" in " ".join(shown.stderr.split())


@pytest.mark.parametrize(
    ("texts", "fault"),
    [
        (SHIPPING[:7], "7 examples, where 8 to 64 are needed"),
        (tuple(f"Port number {number} is closed today" for number in range(65)), "65 examples"),
        ((*SHIPPING, ""), "shipping.txt, row 10: the text is empty"),
        ((*SHIPPING, SHIPPING[2].upper() + "!"), "row 10: it repeats row 3"),
        ((*SHIPPING, "... !"), "no letter or digit"),
        (
            tuple(f"Die Reederei meldet im {n}. Quartal deutlich höhere Frachtraten und volle Häfen" for n in range(9)),
            "no example is in a language that the model reads (en); they are in de",
        ),
    ],
)
def test_examples_that_cannot_serve_are_refused(texts: tuple[str, ...], fault: str) -> None:
    assert fault in refused("try", "Shipping", *TOLD, "--examples", written("shipping.txt", texts))


@contextmanager
def _registry() -> Iterator[Registry]:
    settings = load_settings()
    with Database.open(settings.store_url) as database:
        yield open_registry(settings, database)


def _added(registry: Registry, name: str, parent: Path = SHIPPED_MODEL) -> ModelVersion:
    """A version with a topic that no text belongs to, made without asking a model."""
    direction = (1.0,) + (0.0,) * (load_manifest(parent, Labels()).width - 1)
    topic = AddedTopic(name=name, description="", origin="description", examples=0, direction=direction, bias=-50.0)
    expected = Expectation(share=0.01, share_given=False, precision=None, recall=0.5, taken=0.0)
    return add_topic(registry, parent, Proposal(topic, expected, Background((), "demo"), (), ()))


@pytest.mark.slow
def test_a_topic_takes_no_other_out_of_service_that_was_added_meanwhile() -> None:
    """The examples come through a pipe: once it is read, the model to add to was chosen."""
    os.mkfifo("shipping.txt")

    def meanwhile() -> None:
        with Path("shipping.txt").open("w", encoding="utf-8") as pipe, _registry() as registry:
            registry.promote(_added(registry, "Weather").id, "Its topic is wanted.", "another")
            pipe.write("\n".join(SHIPPING))

    with ThreadPoolExecutor(1) as other:
        done = other.submit(meanwhile)
        refused = monitor("add", "Shipping", *TOLD, "--examples", "shipping.txt", "--promote", status=1)
        done.result()
    assert "changed by another" in " ".join(refused.stderr.split())
    assert [topic["name"] for topic in told("list")["topics"]] == [*TOPICS, "Weather"]


def test_who_makes_a_version_learns_which_topics_of_the_champion_it_lacks() -> None:
    with _registry() as registry:
        ports = _added(registry, "Ports")
        both = _added(registry, "Rails", registry.fetch(ports.id))
        registry.promote(both.id, "Both are wanted.", "another")
    said = " ".join(monitor("remove", "Ports").stderr.split())
    assert "lacks" not in said
    said = " ".join(monitor("remove", "Ports", "--model", ports.id, "--promote").stderr.split())
    assert f"lacks the added topics Rails of {both.id}" in said


def test_names_descriptions_and_shares_that_cannot_serve_are_refused() -> None:
    assert "has a topic 'IPO' already" in refused("try", "ipo", *TOLD)
    assert "no letter or digit" in refused("try", "| &", *TOLD)
    assert "too short" in refused("try", "Shipping", "--description", "Ships -- ports")
    assert "The share is 2" in refused("try", "Shipping", *TOLD, "--share", "2")
    assert "too long" in refused("try", "S" * 61, *TOLD)


def test_counterexamples_must_not_be_among_the_examples() -> None:
    examples, others = written("shipping.txt", SHIPPING), written("others.txt", (*OTHERS, SHIPPING[0]))
    given = ("--examples", examples, "--counterexamples", others)
    assert "is among the examples too" in refused("try", "Shipping", *TOLD, *given)
    assert "no examples" in refused("try", "Shipping", *TOLD, "--counterexamples", others)


@pytest.mark.slow
def test_examples_may_lie_in_a_column_of_a_table() -> None:
    rows = "".join(f'{number},"{text}"\n' for number, text in enumerate(SHIPPING))
    Path("shipping.csv").write_text("id,words\n" + rows)
    found = told("try", "Shipping", *TOLD, "--examples", "shipping.csv", "--text-column", "words")
    assert found["examples"] == len(SHIPPING)
    assert "no such file" in refused("try", "Shipping", *TOLD, "--examples", "absent.csv")


def test_only_added_topics_can_be_removed() -> None:
    assert "one of the model's own" in refused("remove", "Earnings")
    assert "was not added" in refused("remove", "Shipping")
    assert (SHIPPED_MODEL / "manifest.json").is_file()
