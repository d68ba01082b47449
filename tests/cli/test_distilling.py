"""`monitor distill` and `monitor train-base`: a student of a tiny teacher; a grade made from sets of a few lines."""

from __future__ import annotations

import json
import re
from itertools import product
from pathlib import Path

import pytest

from monitor.classify.labels import SENTIMENTS, TOPICS, Labels
from monitor.classify.manifest import load_manifest
from pipelines.company_news.examples import company_news
from pipelines.entity_sets import FINENTITY, SENTFIN, is_test
from tests.cli.trained import NAMES, QUICK, ROWS, Bench, Outcome, bench_in
from tests.cli.trained import TOPICS as THEMES
from tests.learning.tiny import BAD, FLAT, GOOD, THINGS, tiny_base

SENTIMENT = ("--sentiment-column", "view")
STUDENT = ("--base", "tiny", "--threads", "1", "--set", "precision=fp32")
RAW = {"negative": "0", "positive": "1", "neutral": "2"}
"""How the public sentiment set writes its labels."""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_base(tmp_path_factory.mktemp("bases") / "tiny")


@pytest.fixture
def bench(tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return bench_in(tmp_path, base, monkeypatch)


def _texts_learnt(done: Outcome) -> int:
    told = re.search(r"([\d,]+) texts to train on", done.prose)
    assert told, done.prose
    return int(told[1].replace(",", ""))


def _quick(epochs: int) -> tuple[str, ...]:
    settings = (name for name in QUICK if "=" in name)
    return tuple(part for name in (*settings, "batch_size=8", f"epochs={epochs}") for part in ("--set", name))


@pytest.fixture
def teacher(bench: Bench) -> Path:
    """It knows every sentiment, from labels."""
    done = bench.train(bench.csv("set.csv", ROWS), "--sentiment-column", "view", "--epochs", "20", "--run", "lesson")
    assert done.status == 0, done.prose
    (bench.folder / "out").rename(bench.folder / "teacher")
    return bench.folder / "lesson" / "weights"


def test_a_student_learns_from_its_teacher_what_no_label_tells_it(bench: Bench, teacher: Path) -> None:
    """The verbs that it is judged on stand only in texts without labels."""
    unheard = (BAD[2], FLAT[2], GOOD[2])
    labelled = bench.csv("few.csv", [row for row in ROWS if not row["text"].endswith(unheard)])
    others = [row for row in ROWS if row["text"].endswith(unheard)]
    texts = bench.csv("texts.csv", [{"text": row["text"]} for row in others])
    bases: tuple[str | Path, ...] = ("--base-folder", bench.base, "--teacher-base-folder", bench.base)
    common = ("--data", labelled, *SENTIMENT, *bases, *STUDENT, *_quick(30), "--json")
    done = bench.run("distill", "--teacher", teacher, "--texts", texts, "--run", "run", "--out", "student", *common)
    assert done.status == 0, done.prose
    assert done.json["model_version"] == load_manifest(bench.folder / "student", Labels()).model_version
    assert "answers" in done.prose
    assert "33 of 33 texts answered" in done.prose
    asked = bench.csv("asked.csv", others)
    judged = bench.run(
        "evaluate", "--data", asked, "--text-column", "text", "--label-column", "view", "--task", "sentiment",
        "--model", "student", "--json",
    )  # fmt: skip
    assert judged.json["accuracy"] > 0.7


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--teacher", "quality-000000000000"), "no model version"),
        (("--texts", "nowhere.csv"), "nowhere.csv"),
        (("--set", "rnak=3"), "no setting 'rnak'"),
        (("--out", "."), "is no model's folder"),
    ],
)
def test_what_cannot_be_distilled_is_said_before_anything_is_written(
    bench: Bench, options: tuple[str, str], complaint: str
) -> None:
    given = {"--teacher": "fast", "--out": "student", "--data": str(bench.csv("set.csv", ROWS))}
    given |= {options[0]: options[1]} if options[0] != "--set" else {}
    extra = options if options[0] == "--set" else ()
    done = bench.run("distill", *(part for pair in given.items() for part in pair), *SENTIMENT, *STUDENT, *extra)
    assert done.status not in (0, 1)
    assert complaint in done.prose
    assert "student" not in bench.files()


def _distilled(bench: Bench, teacher: Path, *options: str | Path) -> Outcome:
    """A student of `set.csv`, of one epoch."""
    bases: tuple[str | Path, ...] = ("--base-folder", bench.base, "--teacher-base-folder", bench.base)
    common = ("--data", "set.csv", *SENTIMENT, *bases, *STUDENT, *_quick(1), "--out", "student")
    return bench.run("distill", "--teacher", teacher, *common, *options)


def test_texts_like_those_held_out_are_not_asked_about(bench: Bench, teacher: Path) -> None:
    """A text and its relative differ in a word of fifteen, so they are near-duplicates and no repeats."""
    told = [f"{row['text']} {' '.join(f'{n}x{word}' for word in range(12))}" for n, row in enumerate(ROWS)]
    bench.csv("set.csv", [row | {"text": text} for row, text in zip(ROWS, told, strict=True)])
    alone = _distilled(bench, teacher)
    assert alone.status == 0, alone.prose
    relatives = [{"text": f"{text} more"} for text in told]
    texts = bench.csv("texts.csv", [{"text": "a matter of its own"}, *relatives])
    done = _distilled(bench, teacher, "--texts", texts)
    assert done.status == 0, done.prose
    held_out = len(ROWS) - _texts_learnt(alone)
    assert held_out > 0
    assert _texts_learnt(done) == _texts_learnt(alone) + 1 + len(ROWS) - held_out


def test_what_this_machine_cannot_compute_is_said_before_the_teacher_is_asked(bench: Bench, teacher: Path) -> None:
    done = _distilled(bench, teacher, "--set", "precision=fp16", "--run", "run")
    assert done.status not in (0, 1)
    assert "fp16 needs a GPU" in done.prose
    assert "answers" not in done.prose
    assert "run" not in bench.files()


@pytest.fixture
def sets(bench: Bench) -> Path:
    """The public sets' files in their formats, with texts of the tiny base's words."""
    folder = bench.folder / "sets"
    texts = [f"{thing} {verb}" for thing, verb in product(THINGS, (*BAD, *FLAT, *GOOD))]
    pairs = [f"{one} and {other}" for one, other in product(texts, texts) if one < other]
    views = {verb: name for name, verbs in NAMES.items() for verb in verbs}

    def write(path: str, rows: list[tuple[str, str]]) -> None:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in rows))

    tone = [(f"{text} votes", RAW[views[text.split()[1]]]) for text in texts]
    write("tfns/sent_train.csv", tone[:24])
    write("tfns/sent_valid.csv", tone[20:])
    write("tfns/sent_valid_nodup.csv", tone[24:])
    about = [(f"{text} waits", str(TOPICS.index(THEMES[text.split()[0]]))) if text.split()[0] != "dividend" else
             (f"{text} waits", str(TOPICS.index("Dividend"))) for text in texts]  # fmt: skip
    write("tftopic/topic_train.csv", about[::2])
    write("tftopic/topic_valid.csv", about[1::2])
    write("tftopic/topic_valid_nodup.csv", about[1::4])
    held = [text for text in pairs if is_test(text)][:6]
    known = [text for text in pairs if not is_test(text)][:24]
    rows = [f"{n},{text},{text.split()[0]},{views[text.split()[1]]}\n" for n, text in enumerate([*held[:3], *known])]
    (folder / SENTFIN).parent.mkdir()
    (folder / SENTFIN).write_text("id,title,entity,label\n" + "".join(rows))
    notes = [
        {"content": text, "annotations": [{"start": 0, "end": len(text.split()[0]), "label": views[text.split()[1]]}]}
        for text in (*held[3:], known[-1])
    ]
    (folder / FINENTITY).parent.mkdir()
    (folder / FINENTITY).write_text(json.dumps(notes))
    return folder


@pytest.mark.slow
def test_a_grade_is_made_from_the_sets_and_its_figures_are_those_of_its_validation_sets(
    bench: Bench, sets: Path
) -> None:
    done = bench.run(
        "train-base", "--data", sets, "--out", "fast", "--set", "base=tiny", "--base-folder", bench.base,
        "--fillings", "1", "--set", "precision=fp32", "--threads", "1", *_quick(2), "--json",
    )  # fmt: skip
    assert done.status == 0, done.prose
    everything = _texts_learnt(done)
    manifest = load_manifest(bench.folder / "fast", Labels())
    assert manifest.grade == "fast"
    companies = sum(len(example.mentions or ()) for example in company_news().judged if example.tagged)
    counts = {name: found["n"] for name, found in manifest.metrics.items() if not name.startswith("validation")}
    assert counts == {
        "tfns official": 16, "tfns nodup": 12, "topic official": 18, "topic nodup": 9,
        "sentfin entity": 3, "sentfin mentions": 3, "finentity entity": 3, "finentity mentions": 3,
        "company news entity": companies, "company news mentions": companies,
    }  # fmt: skip
    card = (bench.folder / "fast" / "MODEL_CARD.md").read_text()
    assert "tfns official" in card
    assert set(manifest.sentiments) == set(SENTIMENTS)
    done = bench.run(
        "train-base", "--data", sets, "--out", "next", "--parent", "./fast", "--set", "base=tiny", "--base-folder",
        bench.base, "--fillings", "1", "--share", "0.5", "--set", "precision=fp32", "--threads", "1", *_quick(1),
        "--json",
    )  # fmt: skip
    assert done.status == 0, done.prose
    assert load_manifest(bench.folder / "next", Labels()).parent == manifest.model_version
    frames = len(company_news(1).training)
    assert _texts_learnt(done) - frames == round((everything - frames) / 2)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [(("--grade", "huge"), "no grade 'huge'"), (("--data", "nowhere"), "the data folder is absent")],
)
def test_a_grade_that_cannot_be_made_is_refused(bench: Bench, options: tuple[str, str], complaint: str) -> None:
    given = {"--data": str(bench.folder), "--out": "fast"} | {options[0]: options[1]}
    done = bench.run("train-base", *(part for pair in given.items() for part in pair))
    assert done.status == 2
    assert complaint in done.prose
    assert "fast" not in bench.files()
