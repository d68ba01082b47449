"""The generated documents say what the code does."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from monitor.alerts.channels_webhook import sign
from monitor.alerts.wording import payload
from monitor.broker.codec import encode
from pipelines.documents import FOLDER, documents, settings_document, settings_without_description
from tests.alerts.builders import notification, story
from tests.broker.records import ARTICLES_RECORDS, DEAD_LETTERS, SCORED_RECORDS

GENERATED = documents()


@pytest.mark.parametrize("name", sorted(GENERATED))
def test_a_committed_document_is_what_would_be_generated(name: str) -> None:
    path = FOLDER / name
    assert path.is_file(), f"docs/{name} is missing: run python -m pipelines.documents"
    assert path.read_text(encoding="utf-8") == GENERATED[name], (
        f"docs/{name} is stale: run python -m pipelines.documents"
    )


def test_no_schema_is_committed_that_is_not_generated() -> None:
    committed = {f"schemas/{path.name}" for path in Path(FOLDER, "schemas").iterdir()}
    assert committed == {name for name in GENERATED if name.startswith("schemas/")}


def test_every_setting_is_described() -> None:
    assert settings_without_description() == []


def test_the_settings_document_tells_of_each_kind_of_setting() -> None:
    text = settings_document()
    for line in (
        "| `partitions` | whole number | `4` | at least 1, at most 1,000 |",
        '| `sasl_password` | text, kept secret | `""` |',
        '| `calm_for` | duration | `"06:00:00"` | at least 00:01:00, at most 30d 00:00:00 |',
        '| `languages` | list of text | `["en"]` |',
        "| `sources` | list of tables, see `[[sources]]` | `[]` |",
        "| `continue` | true or false | `false` |",
        "| `path` | path | required |",
        "`MONITOR_ALERTS__LIFECYCLE__CALM_FOR`",
        "## `[surges.rules]`",
        "## `[[alerts.receivers]]`",
    ):
        assert line in text


def test_durations_are_shown_as_they_may_be_written() -> None:
    read = TypeAdapter(timedelta).validate_python
    assert read("30d 00:00:00") == timedelta(days=30)
    assert read("06:00:00") == timedelta(hours=6)


def test_the_program_that_checks_a_webhooks_signature_does() -> None:
    text = (FOLDER / "operations.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    given: dict[str, Any] = {}
    exec(program, given)  # noqa: S102 - it is ours
    is_genuine = given["is_genuine"]
    now = int(time.time())
    for timestamp, secret, body, genuine in (
        (now, "hush", b"{}", True),
        (now, "hush", b"{ }", False),
        (now, "other", b"{}", False),
        (now - 3600, "hush", b"{}", False),
    ):
        assert is_genuine(secret, str(timestamp), sign("hush", str(timestamp), b"{}"), body) == genuine
    assert not is_genuine("hush", str(now + 1), sign("hush", str(now), b"{}"), b"{}")
    assert not is_genuine("hush", "", "", b"{}")


def validator(name: str) -> Callable[[Any], None]:
    schema = json.loads(GENERATED[f"schemas/{name}.json"])
    jsonschema.Draft202012Validator.check_schema(schema)
    validate: Callable[[Any], None] = jsonschema.Draft202012Validator(schema).validate
    return validate


RECORDS = {"articles": ARTICLES_RECORDS, "scored": SCORED_RECORDS, "dead-letters": DEAD_LETTERS}


@pytest.mark.parametrize("topic", sorted(RECORDS))
def test_a_schema_takes_every_record_of_its_topic_and_refuses_other_versions(topic: str) -> None:
    validate = validator(topic)

    @given(RECORDS[topic], st.integers().filter(lambda version: version != 1))
    def check(record: Any, version: int) -> None:
        written = json.loads(encode(record))
        validate(written)
        with pytest.raises(jsonschema.ValidationError):
            validate(written | {"v": version})
        with pytest.raises(jsonschema.ValidationError):
            validate({key: value for key, value in written.items() if key != "type"})

    check()


def test_the_schema_of_a_notification_takes_what_webhooks_post_and_refuses_other_versions() -> None:
    validate = validator("notification")
    for sent in (notification(stories=(story(),)), notification("resolved")):
        written = json.loads(msgspec.json.encode(payload(sent)))
        validate(written)
        with pytest.raises(jsonschema.ValidationError):
            validate(written | {"version": 2})
