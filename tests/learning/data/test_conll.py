"""Tagged words from files of any of the usual schemes."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from monitor.errors import InputError
from monitor.learning.data.conll import chunks, read_conll
from monitor.learning.judging.tag_figures import judge_tags


def _file(folder: Path, text: str) -> Path:
    path = folder / "train.conll"
    path.write_text(text, encoding="utf-8")
    return path


def _lines(tags: str) -> str:
    return "".join(f"w{place} {tag}\n" for place, tag in enumerate(tags.split()))


def test_sentences_documents_and_comments(tmp_path: Path) -> None:
    text = (
        "-DOCSTART- -X- -X- O\n\n# sent_id = 1\n# text = Acme Corp rose\n"
        "Acme NNP I-NP B-ORG\nCorp NNP I-NP I-ORG\r\nrose VBD I-VP O\n \n\n\n# # # O\n"
    )
    read = read_conll(_file(tmp_path, text))
    assert [(sentence.words, sentence.tags, sentence.line) for sentence in read.sentences] == [
        (("Acme", "Corp", "rose"), ("B-ORG", "I-ORG", "O"), 5),
        (("#",), ("O",), 11),
    ]
    assert read.tags == ("O", "B-ORG", "I-ORG")


def test_columns_can_be_named_and_tabs_keep_spaces(tmp_path: Path) -> None:
    read = read_conll(_file(tmp_path, "1\tNew York\tB-LOC\tx\n2\tcalls\tO\tx\n"), word_column=1, tag_column=2)
    assert read.sentences[0].words == ("New York", "calls")
    assert read.sentences[0].tags == ("B-LOC", "O")


@pytest.mark.parametrize(
    ("tags", "scheme", "expected"),
    [
        ("I-PER I-PER O I-ORG B-ORG I-LOC", "iob1", "B-PER I-PER O B-ORG B-ORG B-LOC"),
        ("B-PER I-PER O B-ORG B-ORG B-LOC", "iob2", "B-PER I-PER O B-ORG B-ORG B-LOC"),
        ("B-PER I-PER E-PER O S-ORG S-ORG B-LOC E-LOC", "bioes", "B-PER I-PER I-PER O B-ORG B-ORG B-LOC I-LOC"),
        ("B-PER I-PER L-PER O U-ORG", "bioes", "B-PER I-PER I-PER O B-ORG"),
        ("NN VBD O SYM", "plain", "NN VBD O SYM"),
        ("O O O", "plain", "O O O"),
    ],
)
def test_a_scheme_is_recognised_and_converted(tmp_path: Path, tags: str, scheme: str, expected: str) -> None:
    read = read_conll(_file(tmp_path, _lines(tags)))
    assert read.scheme == scheme
    assert read.sentences[0].tags == tuple(expected.split())


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("Acme B-ORG\nCorp\n", r"train.conll, line 2: 1 columns.*separated by a tab or a space"),
        ("Acme\tB-ORG\nCorp\t\n", "line 2: 2 columns"),
        (_lines("B-PER PER O"), r"line 2: the tag 'PER' has no B- or I-.*IOB1, IOB2 or BIOES"),
        (_lines("I-PER O B-PER"), r"line 3: 'B-PER' follows 'O', but other chunks.*Begin all chunks with B-"),
        (_lines("S-PER I-PER"), r"line 2: 'I-PER' follows no beginning"),
        (_lines("S-PER B-PER"), r"line 2: the chunk of 'PER' has no end"),
        (_lines("S-PER B-PER O"), r"line 3: the chunk of 'PER' has no end"),
        ("\n\n", "no words"),
    ],
)
def test_a_fault_is_named_with_line_and_remedy(tmp_path: Path, text: str, match: str) -> None:
    with pytest.raises(InputError, match=match):
        read_conll(_file(tmp_path, text))


def test_a_missing_or_foreign_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_conll(tmp_path / "none.conll")
    (tmp_path / "latin.conll").write_bytes("Zürich B-LOC\n".encode("latin-1"))
    with pytest.raises(InputError, match="UTF-8"):
        read_conll(tmp_path / "latin.conll")


def test_figures_by_word_and_by_entity() -> None:
    truth = [["B-ORG", "I-ORG", "O", "B-PER"], ["O", "B-ORG"]]
    given = [["B-ORG", "O", "O", "B-PER"], ["O", "B-ORG"]]
    report = judge_tags(truth, given)
    assert report.accuracy == pytest.approx(5 / 6)
    assert (report.entities.precision, report.entities.recall, report.entities.support) == (2 / 3, 2 / 3, 3)
    assert report.per_entity["ORG"].f1 == 0.5
    assert report.per_entity["PER"].f1 == 1.0
    assert report.per_tag["I-ORG"].recall == 0.0
    with pytest.raises(ValueError, match="no words"):
        judge_tags([], [])


def test_entities_are_judged_as_seqeval_does() -> None:
    seqeval = pytest.importorskip("seqeval.metrics")
    draw = random.Random(5)
    tags = ["O", "O", "O", *(f"{letter}-{kind}" for letter in "BI" for kind in ("ORG", "PER", "LOC"))]
    lengths = [draw.randint(1, 15) for _ in range(300)]
    truth, given = ([[draw.choice(tags) for _ in range(length)] for length in lengths] for _ in range(2))
    given = [
        [mine if draw.random() < 0.3 else true for true, mine in zip(*pair, strict=True)]
        for pair in zip(truth, given, strict=True)
    ]
    report = judge_tags(truth, given)
    theirs = seqeval.classification_report(truth, given, output_dict=True)
    for kind, figures in {**report.per_entity, "micro avg": report.entities}.items():
        expected = theirs[kind]
        assert figures.precision == pytest.approx(expected["precision"])
        assert figures.recall == pytest.approx(expected["recall"])
        assert figures.f1 == pytest.approx(expected["f1-score"])
        assert figures.support == expected["support"]
    assert report.accuracy == pytest.approx(seqeval.accuracy_score(truth, given))


def test_whatever_is_tagged_comes_back_as_chunks() -> None:
    assert chunks([]) == []
    assert chunks(["O", "I-A", "I-A"]) == [("A", 1, 3)]
