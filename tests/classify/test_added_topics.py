"""Added topics are those that the manifest names, or the model is not loaded."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from monitor.classify.added_topics import AddedTopic, load_added_topics, write_added_topics
from monitor.classify.labels import SENTIMENTS, TOPICS
from monitor.classify.manifest import Manifest, Temperatures
from monitor.classify.mentions import TAGS
from monitor.errors import ModelError

PLAIN = Manifest(
    grade="tiny", topics=TOPICS, sentiments=SENTIMENTS, tags=TAGS, width=2, temperatures=Temperatures(1.0, 1.0, 1.0),
    abstain_below=0.5, max_tokens=16, base_model="tiny", base_sha256="", data_fingerprint="", recipe={}, metrics={},
    files={},
)  # fmt: skip


def _topic(name: str, width: int = 2) -> AddedTopic:
    return AddedTopic(
        name=name, description="", origin="description", examples=0, direction=(1.0,) * width, bias=0.0
    )  # fmt: skip


def _naming(*names: str) -> Manifest:
    return msgspec.structs.replace(PLAIN, topics=(*TOPICS, *names), added_topics=len(names))


def test_topics_come_back_as_they_were_written(tmp_path: Path) -> None:
    assert load_added_topics(tmp_path, PLAIN).topics == ()
    write_added_topics(tmp_path, [_topic("Floods")])
    assert load_added_topics(tmp_path, _naming("Floods")).topics == (_topic("Floods"),)


@pytest.mark.parametrize(
    ("written", "named", "complaint"),
    [
        ([], ["Floods"], "is missing, and the manifest names 1"),
        (["Floods"], [], "it holds 1 added topics, and the manifest names 0"),
        (["Floods"], ["Fires"], "names 1 others"),
    ],
)
def test_other_topics_than_the_manifest_names_are_refused(
    tmp_path: Path, written: list[str], named: list[str], complaint: str
) -> None:
    if written:
        write_added_topics(tmp_path, [_topic(name) for name in written])
    with pytest.raises(ModelError, match=complaint):
        load_added_topics(tmp_path, _naming(*named))


def test_topics_of_another_width_are_refused(tmp_path: Path) -> None:
    write_added_topics(tmp_path, [_topic("Floods", width=3)])
    with pytest.raises(ModelError, match="width 3, not 2"):
        load_added_topics(tmp_path, _naming("Floods"))
