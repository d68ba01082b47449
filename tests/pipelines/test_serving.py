"""A promotion reaches a running classifier, over store and registry, with tiny models. Needs the extra: train."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from monitor.articles import Article, article_id
from monitor.broker.codec import decode_scored, encode
from monitor.broker.memory import MemoryGroupReader, MemorySender, MemoryTopics
from monitor.broker.names import TopicNames
from monitor.classify.choosing import open_engine
from monitor.classify.scored import ScoredArticle
from monitor.classify.serving import PinnedSource, ServingModel
from monitor.classify.worker import ClassifyWorker
from monitor.errors import ModelError
from monitor.learning.versions.registry import Registry
from monitor.settings import load_settings
from monitor.store.database import Database
from pipelines.serving import ChampionSource, model_source
from pipelines.stages import names_grade
from tests.classify.test_serving import EVERY, Later
from tests.classify.tiny_folders import adapted, weights_folder
from tests.learning.tiny import tiny_base

NAMES = TopicNames()
START = datetime(2024, 5, 6, 9, 0, tzinfo=UTC)


class Line:
    """A classifier over topics in memory, the registry in a folder and the store in a file."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.now = START
        self.base = tiny_base(folder / "base")
        self.registry = Registry(database, str(folder / "registry"), folder / "cache", lambda: self.now)
        self.ids = [
            self.registry.add(weights_folder(folder / str(seed), self.base, adapted(self.base, seed)), "trained").id
            for seed in (1, 2)
        ]
        self.promote(0)
        self.topics = MemoryTopics(NAMES.layout(1))
        self.background = Later()
        source = ChampionSource(self.registry, "tiny", partial(open_engine, device="cpu", base_folder=self.base))
        self.serving = ServingModel(source, EVERY, lambda: self.now, self.background)
        self.worker = ClassifyWorker(
            MemoryGroupReader(self.topics, [NAMES.articles], NAMES.classifiers),
            MemorySender(self.topics),
            self.serving,
            NAMES,
            languages=["en"],
            batch_tokens=1,
            batch_wait=timedelta(seconds=1),
            clock=lambda: self.now,
        )
        self.fed = 0

    def promote(self, place: int) -> None:
        self.registry.promote(self.ids[place], "It is better.", "test")

    def step(self, articles: int = 3) -> None:
        """One batch, then a look into the background."""
        for number in range(self.fed, self.fed + articles):
            item = Article(
                id=article_id(str(number)), source="w", position=str(number), title="Oil falls", language="en",
                first_seen_at=START,
            )  # fmt: skip
            self.topics.append(NAMES.articles, 0, encode(item))
        self.fed += articles
        self.worker.step()
        self.background.run()
        self.now += EVERY

    def scored(self) -> list[ScoredArticle]:
        found = [decode_scored(value) for value in self.topics.values(NAMES.scored)]
        return [record for record in found if isinstance(record, ScoredArticle)]


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    with Database.open(f"sqlite:///{tmp_path / 'monitor.db'}") as database:
        yield Line(database, tmp_path)


def test_a_promotion_in_mid_stream_is_taken_between_two_batches_and_so_is_a_rollback(line: Line) -> None:
    line.step()
    line.promote(1)
    for _ in range(6):
        line.step()
    line.registry.rollback("tiny", "It was not.", "test")
    for _ in range(6):
        line.step()
    scored = line.scored()
    assert [record.article.position for record in scored] == [str(number) for number in range(13 * 3)]
    batches = [{record.model_version for record in scored[start : start + 3]} for start in range(0, len(scored), 3)]
    assert all(len(versions) == 1 for versions in batches), "a batch is one model's"
    served = [versions.pop() for versions in batches]
    first, second = line.ids
    changes = [version for place, version in enumerate(served) if place == 0 or served[place - 1] != version]
    assert changes == [first, second, first]
    assert line.serving.swaps == 2


def test_a_champion_whose_files_are_lost_does_not_serve(line: Line, tmp_path: Path) -> None:
    line.promote(1)
    for lost in [*(tmp_path / "registry").rglob("weights.safetensors"), *(tmp_path / "cache").rglob("*.safetensors")]:
        if line.ids[1] in str(lost):
            lost.unlink()
    for _ in range(5):
        line.step()
    assert {record.model_version for record in line.scored()} == {line.ids[0]}
    assert line.serving.note.startswith(f"Serves {line.ids[0]}. {line.ids[1]} cannot serve: ")
    assert len(line.scored()) == 15


def test_a_grade_without_champion_and_without_a_shipped_model_is_named(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path, classify={"model": "grand"})
    with Database.open(settings.store_url) as database:
        source = model_source(settings, database)
        assert source.current() == ""
        with pytest.raises(ModelError, match="The grade grand has no champion"):
            source.open("")


def test_a_folder_is_pinned_and_a_bare_name_is_a_grade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "fast").mkdir()
    assert names_grade("fast"), "what ships goes before a folder that happens to be called so"
    assert names_grade("quality")
    assert not names_grade("mine")
    assert not names_grade(str(tmp_path / "absent"))
    settings = load_settings(data_dir=tmp_path, classify={"model": str(tmp_path / "mine")})
    with Database.open(settings.store_url) as database:
        assert isinstance(model_source(settings, database), PinnedSource)
