"""The learning loop from labels in the store to a new champion, with a registry and a model that is really trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec import structs

from monitor.articles import article_id
from monitor.classify.added_topics import AddedTopic
from monitor.classify.engine import Floats
from monitor.classify.labels import Labels
from monitor.classify.manifest import load_manifest, write_manifest
from monitor.classify.mentions import Span
from monitor.clock import EPOCH
from monitor.errors import ModelError, StoreError
from monitor.learning.data.examples import Example, LabelledMention
from monitor.learning.data.label import Label
from monitor.learning.data.replaying import is_held_out
from monitor.learning.deciding.retraining import RetrainingRules
from monitor.learning.judging.acceptance import JudgingRules
from monitor.learning.versions.registry import Registry
from monitor.learning.versions.version import Judgement, ModelVersion
from monitor.settings import Settings, load_settings
from monitor.store import labels, models, writes
from monitor.store.database import Database
from pipelines.evidence import labels_known_until
from pipelines.retrain import Workshop, retrain
from pipelines.topics import build_version
from tests.pipelines.bayes import WIDTH, BayesEngine, BayesTrainer
from tests.store.builders import counted, scored

MADE = datetime(2024, 5, 1, tzinfo=UTC)
NOW = datetime(2024, 8, 1, 4, tzinfo=UTC)
DAY = timedelta(days=1)
FIRMS = [f"firm{n}" for n in range(200)]
OLD_VERBS = {"falls": 0, "meets": 1, "rises": 2}
NEW_VERBS = {"craters": 0, "convenes": 1, "moons": 2}
NAMES = ("negative", "neutral", "positive")
RULES = RetrainingRules(sample=300)
JUDGING = JudgingRules(resamples=300, calibration_margin=0.1)


def _texts(verbs: dict[str, int], count: int, seed: int) -> list[Example]:
    rng = np.random.default_rng(seed)
    drawn = [(rng.choice(FIRMS), rng.choice(list(verbs)), n) for n in range(count)]
    return [Example(f"{firm} {verb} on item {seed}x{n}", sentiment=verbs[verb]) for firm, verb, n in drawn]


OLD = _texts(OLD_VERBS, 1500, seed=1)
FROZEN = _texts(OLD_VERBS, 400, seed=2)
FRESH = _texts(NEW_VERBS, 700, seed=3)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    return load_settings(data_dir=tmp_path / "var")


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    with Database.open(settings.store_url) as opened:
        yield opened


@pytest.fixture
def registry(settings: Settings, database: Database, tmp_path: Path) -> Registry:
    """With a champion that was retrained on the old world's texts."""
    folder = BayesTrainer().train(OLD, [], tmp_path, tmp_path / "first")
    made = Registry(database, settings.registry_url, settings.model_cache, lambda: MADE, shipped=tmp_path / "none")
    made.promote(made.add(folder, "retrained").id, "It is the first.", "test")
    return Registry(database, settings.registry_url, settings.model_cache, lambda: NOW, shipped=tmp_path / "none")


def _workshop(registry: Registry, **changes: Any) -> Workshop:
    fields: dict[str, Any] = {
        "trainer": BayesTrainer(),
        "registry": registry,
        "open_engine": BayesEngine,
        "when": RULES,
        "what": JUDGING,
        "old": OLD,
        "frozen": FROZEN,
    }
    return Workshop(**fields | changes)


def _label(database: Database, examples: Sequence[Example], at: datetime = NOW - DAY, turn: int = 0) -> None:
    made = [
        Label(
            text=example.text,
            task="sentiment",
            label=NAMES[((example.sentiment or 0) + turn) % 3],
            author="ada",
            created_at=at + timedelta(seconds=place),
        )
        for place, example in enumerate(examples)
    ]
    with database.write() as connection:
        labels.write_labels(connection, made)


def _publish(database: Database, examples: Sequence[Example], start: datetime) -> None:
    """Stories, one every quarter of an hour."""
    items = [
        counted(
            scored(
                number,
                id=article_id("test", example.text),
                title=example.text,
                body="",
                published_at=start + number * timedelta(minutes=15),
                first_seen_at=start + number * timedelta(minutes=15),
                position=f"{start:%m%d}-{number}",
            ),
            tick=start + 20 * DAY,
        )
        for number, example in enumerate(examples)
    ]
    with database.write() as connection:
        writes.write_articles(connection, items)


def _add_topic(registry: Registry, folder: Path, name: str) -> ModelVersion:
    """The champion with a topic more, promoted."""
    champion = registry.champion("fast")
    assert champion is not None
    parent = registry.fetch(champion.id)
    topic = AddedTopic(
        name=name, description="", origin="description", examples=0, direction=(1.0,) + (0.0,) * (WIDTH - 1), bias=0.0
    )
    build_version(parent, folder, load_manifest(parent, Labels()), [topic])
    return registry.promote(registry.add(folder, "topics").id, "It knows a topic more.", "test")


def _judgements(database: Database) -> list[Judgement]:
    with database.read() as connection:
        return models.read_judgements(connection)


def _accuracy(registry: Registry, examples: Sequence[Example]) -> float:
    champion = registry.champion("fast")
    assert champion is not None
    given = BayesEngine(registry.fetch(champion.id)).classify([example.text for example in examples]).sentiments
    return float(np.mean(given == [example.sentiment for example in examples]))


def test_without_labels_or_drift_it_waits_and_says_so(
    settings: Settings, database: Database, registry: Registry
) -> None:
    _publish(database, _texts(OLD_VERBS, 400, seed=4), MADE - 10 * DAY)
    _publish(database, _texts(OLD_VERBS, 400, seed=5), NOW - 10 * DAY)
    said = retrain(settings, database, NOW, _workshop(registry))
    assert said == "Nothing calls for training: 0 of 500 labels, no drift."
    assert _judgements(database) == []


def test_new_labels_make_a_new_champion_that_knows_the_new_and_keeps_the_old(
    settings: Settings, database: Database, registry: Registry
) -> None:
    before = registry.champion("fast")
    assert before is not None
    assert _accuracy(registry, FRESH) < 0.5
    _label(database, FRESH)
    said = retrain(settings, database, NOW, _workshop(registry))
    assert said.startswith("700 labels are new since the champion was made, and 500 are enough. fast-")
    assert "and promoted. Its accuracy against the champion's is +0." in said
    after = registry.champion("fast")
    assert after is not None
    assert (after.parent, after.origin, after.created_at) == (before.id, "retrained", NOW)
    assert after.labels_until == NOW
    assert _accuracy(registry, FRESH) > 0.9
    assert _accuracy(registry, FROZEN) > 0.95
    (judgement,) = _judgements(database)
    assert (judgement.verdict, judgement.reason, judgement.champion) == ("promoted", "Promote", before.id)
    assert judgement.details["newest"][0]["accuracy"]["delta"] > 0.4
    assert registry.candidate("fast") is None
    assert registry.rollback("fast", "To see that one can.", "test").id == before.id


def test_what_judges_was_never_trained_on(settings: Settings, database: Database, registry: Registry) -> None:
    trainer = BayesTrainer()
    _label(database, FRESH)
    retrain(settings, database, NOW, _workshop(registry, trainer=trainer))
    assert trainer.seen
    assert not [example for example in trainer.seen if is_held_out(example.text)]
    assert not {example.text for example in trainer.seen} & {example.text for example in FROZEN}
    fresh = {example.text for example in FRESH}
    old = [example for example in trainer.seen if example.text not in fresh]
    assert len(old) > len(trainer.seen) / 2


def test_wrong_labels_make_no_champion(settings: Settings, database: Database, registry: Registry) -> None:
    before = registry.champion("fast")
    _label(database, _texts(OLD_VERBS, 700, seed=6), turn=1)
    said = retrain(settings, database, NOW, _workshop(registry, old=()))
    assert "and refused. On the frozen set its sentiment accuracy is 0." in said
    assert registry.champion("fast") == before
    assert registry.candidate("fast") is None
    (judgement,) = _judgements(database)
    assert (judgement.verdict, judgement.reason) == ("refused", "WorseOnFrozen")
    assert "it may have lost" in judgement.details["why"]


class _Contrary(BayesEngine):
    """Sees each company's fortune the wrong way round."""

    def sentiment_toward(self, texts: Sequence[str], spans: Sequence[Span]) -> Floats:
        return super().sentiment_toward(texts, spans)[:, ::-1]


def test_a_candidate_that_turns_against_the_companies_makes_no_champion(
    settings: Settings, database: Database, registry: Registry
) -> None:
    before = registry.champion("fast")
    assert before is not None
    frozen = [
        replace(example, mentions=(LabelledMention(0, len(example.text), example.sentiment),)) for example in FROZEN
    ]
    opened = list[Path]()

    def open_engine(folder: Path) -> BayesEngine:
        opened.append(folder)
        return BayesEngine(folder) if len(opened) == 1 else _Contrary(folder)

    _label(database, FRESH)
    said = retrain(settings, database, NOW, _workshop(registry, frozen=frozen, open_engine=open_engine))
    assert "On the frozen set its entity accuracy is" in said
    assert registry.champion("fast") == before


def test_a_refused_attempt_is_not_repeated_on_the_same_labels(
    settings: Settings, database: Database, registry: Registry
) -> None:
    _label(database, _texts(OLD_VERBS, 700, seed=6), turn=1)
    retrain(settings, database, NOW, _workshop(registry, old=()))
    said = retrain(settings, database, NOW + DAY, _workshop(registry))
    assert said.startswith("The attempt of 2024-08-01 was refused, and since then only 0 of the 100 labels")
    _label(database, _texts(OLD_VERBS, 300, seed=7), at=NOW + DAY / 2)
    assert "was trained on" in retrain(settings, database, NOW + DAY, _workshop(registry))


def test_an_attempt_that_was_promoted_and_rolled_back_is_not_called_refused(
    settings: Settings, database: Database, registry: Registry
) -> None:
    _label(database, FRESH)
    assert "and promoted." in retrain(settings, database, NOW, _workshop(registry))
    registry.rollback("fast", "A person knows better.", "test")
    said = retrain(settings, database, NOW + DAY, _workshop(registry))
    assert said == (
        "The attempt of 2024-08-01 was promoted but serves no more, and since then only 0 of the 100 labels for "
        "another have come."
    )


def test_an_added_topic_makes_no_label_new_and_the_champion_no_younger(
    settings: Settings, database: Database, registry: Registry, tmp_path: Path
) -> None:
    _label(database, FRESH, at=MADE - DAY)
    _add_topic(registry, tmp_path / "one", "Weather")
    _add_topic(registry, tmp_path / "two", "Sport")
    said = retrain(settings, database, NOW, _workshop(registry))
    assert said == "Nothing calls for training: 0 of 500 labels, no drift."
    old = retrain(settings, database, NOW, _workshop(registry, when=RetrainingRules(sample=300, oldest_days=60)))
    assert old.startswith("The champion is 92 days old, and 60 are the limit. Yet only 0 labels are new")


def test_an_added_topic_makes_no_refused_attempt_forgotten(
    settings: Settings, database: Database, registry: Registry, tmp_path: Path
) -> None:
    _label(database, _texts(OLD_VERBS, 700, seed=6), turn=1)
    assert "and refused." in retrain(settings, database, NOW, _workshop(registry, old=()))
    _add_topic(registry, tmp_path / "one", "Weather")
    said = retrain(settings, database, NOW + DAY, _workshop(registry))
    assert said.startswith("The attempt of 2024-08-01 was refused, and since then only 0 of the 100 labels")


def test_of_versions_that_come_of_each_other_all_labels_are_new(
    settings: Settings, database: Database, registry: Registry, tmp_path: Path
) -> None:
    """The trained one is pruned, and taking the topic away again makes one of its id."""
    trained = registry.champion("fast")
    assert trained is not None
    folder = registry.fetch(trained.id)
    more = _add_topic(registry, tmp_path / "one", "Weather")
    with database.write() as connection:
        models.delete_versions(connection, [trained.id])
    assert registry.add(folder, "topics", more.id).id == more.parent == trained.id
    _label(database, _texts(OLD_VERBS, 300, seed=6), at=MADE - DAY)
    said = retrain(settings, database, NOW, _workshop(registry))
    assert said == "Nothing calls for training: 300 of 500 labels, no drift."


def test_news_that_changed_is_reason_to_train_on_fewer_labels(
    settings: Settings, database: Database, registry: Registry
) -> None:
    _publish(database, _texts(OLD_VERBS, 400, seed=4), MADE - 10 * DAY)
    _publish(database, _texts(NEW_VERBS, 400, seed=5), NOW - 10 * DAY)
    asking = retrain(settings, database, NOW, _workshop(registry))
    assert asking.startswith("The news has changed: ")
    assert asking.endswith("Yet only 0 labels are new, and training needs 200: label more.")
    _label(database, FRESH[:300])
    trained = retrain(settings, database, NOW, _workshop(registry))
    assert "and promoted." in trained


def test_without_old_examples_the_champions_own_answers_keep_the_old(
    settings: Settings, database: Database, registry: Registry
) -> None:
    _publish(database, _texts(OLD_VERBS, 900, seed=4), MADE - 10 * DAY)
    _label(database, FRESH)
    rules, trainer = RetrainingRules(sample=900), BayesTrainer()
    said = retrain(settings, database, NOW, _workshop(registry, old=(), when=rules, trainer=trainer))
    assert "and promoted." in said
    assert _accuracy(registry, FROZEN) > 0.95
    by_people = {example.text for example in FRESH}
    assert {example.text for example in trainer.seen} <= by_people
    assert trainer.rehearsed
    assert not {example.text for example in trainer.rehearsed} & by_people


def test_before_there_is_a_frozen_set_the_older_half_of_what_judges_serves(
    settings: Settings, database: Database, registry: Registry
) -> None:
    few, trainer = _texts(NEW_VERBS, 600, seed=8), BayesTrainer()
    _label(database, few)
    said = retrain(settings, database, NOW, _workshop(registry, frozen=(), trainer=trainer))
    assert said.startswith("600 labels are new since the champion was made, and 500 are enough. Yet nothing is trained")
    assert "of the 200 frozen labels that a judgement needs are there." in said
    assert "learning.frozen_data" in said
    assert (trainer.seen, _judgements(database)) == ([], [])
    _label(database, _texts(NEW_VERBS, 2200, seed=9), at=NOW)
    assert "and promoted." in retrain(settings, database, NOW + DAY, _workshop(registry, frozen=()))


def test_nothing_is_trained_that_the_newest_labels_are_too_few_to_judge(
    settings: Settings, database: Database, registry: Registry
) -> None:
    trainer = BayesTrainer()
    _label(database, [example for example in FRESH if not is_held_out(example.text)])
    said = retrain(settings, database, NOW, _workshop(registry, trainer=trainer))
    assert "Only 0 of the 30 newest labels that a judgement needs are there." in said
    assert (trainer.seen, _judgements(database)) == ([], [])


def test_a_model_that_names_the_labels_it_was_trained_on_is_judged_by_none_of_them_and_waits_for_new_ones(
    settings: Settings, database: Database, registry: Registry, tmp_path: Path
) -> None:
    """What `monitor train` makes of an export, once it was added and promoted."""
    _label(database, FRESH, at=NOW - 9 * DAY)
    built = BayesTrainer().train(OLD[:900], [], tmp_path, tmp_path / "built")
    papers = structs.replace(load_manifest(built, Labels()), labels_until=NOW - 8 * DAY)
    write_manifest(built, papers)
    registry.promote(registry.add(built, "imported").id, "It is ours.", "test")
    said = retrain(settings, database, NOW, _workshop(registry))
    assert said == "Nothing calls for training: 0 of 500 labels, no drift."
    _label(database, _texts(NEW_VERBS, 20, seed=12))
    assert retrain(settings, database, NOW, _workshop(registry)).startswith("Nothing calls for training: 20 of 500")


def test_what_is_made_by_hand_of_a_version_of_the_job_knows_the_labels_that_this_knows(
    settings: Settings, database: Database, registry: Registry, tmp_path: Path
) -> None:
    _label(database, FRESH)
    retrain(settings, database, NOW, _workshop(registry))
    champion = registry.champion("fast")
    assert champion is not None
    papers = load_manifest(registry.fetch(champion.id), Labels())
    built = BayesTrainer().train(OLD[:900], [], tmp_path, tmp_path / "built", papers.labels_until)
    registry.promote(registry.add(built, "trained").id, "It is ours.", "test")
    assert retrain(settings, database, NOW + DAY, _workshop(registry)).startswith(
        "Nothing calls for training: 0 of 500"
    )


def test_of_versions_that_name_no_date_only_those_of_the_job_know_labels(registry: Registry) -> None:
    champion = registry.champion("fast")
    assert champion is not None
    assert champion.labels_until is None
    assert labels_known_until(structs.replace(champion, origin="trained")) == EPOCH
    assert labels_known_until(structs.replace(champion, origin="retrained")) == champion.created_at


def test_a_champion_that_was_promoted_meanwhile_is_not_overthrown(
    settings: Settings, database: Database, registry: Registry, tmp_path: Path
) -> None:
    class Meddling(BayesTrainer):
        def train(
            self,
            labelled: Sequence[Example],
            rehearsals: Sequence[Example],
            parent_folder: Path,
            out_folder: Path,
            labels_until: datetime | None = None,
        ) -> Path:
            other = BayesTrainer().train(OLD[:900], [], tmp_path, tmp_path / "other")
            registry.promote(registry.add(other, "trained").id, "Somebody's choice.", "somebody")
            return super().train(labelled, rehearsals, parent_folder, out_folder, labels_until)

    _label(database, FRESH)
    with pytest.raises(StoreError, match="champion of fast was changed by another"):
        retrain(settings, database, NOW, _workshop(registry, trainer=Meddling()))
    champion = registry.champion("fast")
    assert champion is not None
    assert champion.origin == "trained"


def test_a_pinned_folder_is_left_alone(database: Database, registry: Registry, tmp_path: Path) -> None:
    pinned = load_settings(data_dir=tmp_path / "var", classify={"model": "models/mine"})
    assert retrain(pinned, database, NOW, _workshop(registry)).endswith("pins the folder models/mine.")


def test_a_grade_without_any_model_is_an_error(settings: Settings, database: Database, registry: Registry) -> None:
    other = load_settings(data_dir=settings.data_dir, classify={"model": "quality"})
    with pytest.raises(ModelError, match="The grade quality has no champion, and none ships"):
        retrain(other, database, NOW, _workshop(registry, shipped=settings.data_dir))
