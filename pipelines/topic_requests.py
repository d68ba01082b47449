"""What an analyst gives for a new topic, checked before anything is computed: name, description, example texts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from monitor.classify.labels import topic_slug
from monitor.classify.text import normalise_text, prepare_text
from monitor.errors import InputError
from monitor.ingest.language import detect_language
from monitor.ingest.sources.columns import guessed_columns
from monitor.ingest.sources.files import file_format
from monitor.learning.data.examples import read_text
from monitor.learning.data.reading import read_records
from monitor.learning.topics.making import MAX_EXAMPLES, MIN_EXAMPLES

LONGEST_NAME = 60
"""Characters; charts and alerts show it."""
LEAST_WORDS = 3
"""Of a description."""
MOST_COUNTEREXAMPLES = 500

_LINES = ".txt"


class TopicRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A topic as it is asked for.

    Attributes:
        name: As charts and alerts will name it.
        description: One sentence.
        examples: Texts that belong to it, as `prepare_text` returns them; none for a topic by description alone.
        counterexamples: Texts that look as if they did, and do not.
        share: Of all stories that belong to it, in (0, 1); None where nobody knows.
    """

    name: str
    description: str
    examples: tuple[str, ...] = ()
    counterexamples: tuple[str, ...] = ()
    share: float | None = None


def read_request(
    name: str,
    description: str,
    *,
    examples: Path | None = None,
    counterexamples: Path | None = None,
    text_column: str = "",
    share: float | None = None,
    languages: Sequence[str] = ("en",),
) -> TopicRequest:
    """Read and check a request.

    Args:
        name: Of the topic.
        description: One sentence, three words at least.
        examples: File of 8 to 64 different texts; None for a topic by description alone.
        counterexamples: File of up to 500 texts.
        text_column: Column of the text in both; by default the first of the usual names. A .txt file has a text a line.
        share: Of all stories, in (0, 1).
        languages: ISO 639-1 codes that the model reads.

    Raises:
        InputError: Naming what is wrong, the file and the remedy.
    """
    name, description = " ".join(name.split()), " ".join(description.split())
    _require_name(name)
    if sum(any(letter.isalnum() for letter in word) for word in description.split()) < LEAST_WORDS:
        raise InputError(
            f"The description {description!r} is too short.", f"Say in a sentence of {LEAST_WORDS} words or more."
        )
    if share is not None and not 0.0 < share < 1.0:
        raise InputError(f"The share is {share:g}.", "Give a number between 0 and 1: 0.02 means one story in fifty.")
    texts = read_example_texts(examples, text_column, languages) if examples else []
    others = _read_texts(counterexamples, text_column) if counterexamples else []
    if counterexamples is not None:
        if examples is None:
            raise InputError("There are counterexamples, but no examples.", "Give --examples as well.")
        if len(others) > MOST_COUNTEREXAMPLES:
            raise InputError(f"{counterexamples}: {len(others)} texts.", f"Give at most {MOST_COUNTEREXAMPLES}.")
        _require_apart(counterexamples, texts, others)
    return TopicRequest(
        name=name, description=description, examples=tuple(texts), counterexamples=tuple(others), share=share
    )


def read_example_texts(path: Path, text_column: str, languages: Sequence[str]) -> list[str]:
    """The example texts of a file.

    Raises:
        InputError: There are too few or too many, two are the same, or the model reads the language of none.
    """
    texts = _read_texts(path, text_column)
    if not MIN_EXAMPLES <= len(texts) <= MAX_EXAMPLES:
        remedy = (
            f"Add some, so that there are {MIN_EXAMPLES} or more; or leave the file out and let the description serve."
            if len(texts) < MIN_EXAMPLES
            else f"Keep the {MAX_EXAMPLES} most telling ones; to use more, label them (monitor labels) and retrain."
        )
        raise InputError(f"{path}: {len(texts)} examples, where {MIN_EXAMPLES} to {MAX_EXAMPLES} are needed.", remedy)
    found = {detect_language(text) for text in texts}
    if not found & set(languages):
        raise InputError(
            f"{path}: no example is in a language that the model reads ({', '.join(languages)}); "
            f"they are in {', '.join(sorted(found))}.",
            "Give examples in a language of classify.languages.",
        )
    return texts


def require_free_name(name: str, taken: Sequence[str]) -> None:
    """Check that no topic has the name, whatever its case and punctuation.

    Raises:
        InputError: One has.
    """
    for topic in taken:
        if topic_slug(topic) == topic_slug(name):
            raise InputError(
                f"The model has a topic {topic!r} already.", "Choose another name, or first: monitor topics remove."
            )


def _require_name(name: str) -> None:
    if not topic_slug(name):
        raise InputError(f"The name {name!r} has no letter or digit.", "Give a name such as: Shipping.")
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise InputError(
            f"The name {name[:LONGEST_NAME]!r} is too long or has unprintable characters.",
            f"Give a name of at most {LONGEST_NAME} characters.",
        )


def _require_apart(path: Path, examples: Sequence[str], others: Sequence[str]) -> None:
    known = {normalise_text(text) for text in examples}
    for text in others:
        if normalise_text(text) in known:
            raise InputError(f"{path}: {text[:80]!r} is among the examples too.", "Remove it from one of them.")


def _read_texts(path: Path, text_column: str) -> list[str]:
    """Texts of a file, none empty and no two the same."""
    texts: list[str] = []
    first: dict[str, int] = {}
    for number, raw in _rows(path, text_column):
        where = f"{path}, row {number}"
        text = read_text(where, raw)
        key = normalise_text(text)
        if not key:
            raise InputError(f"{where}: the text has no letter or digit.", "Fill it in or remove the row.")
        if key in first:
            raise InputError(
                f"{where}: it repeats row {first[key]} (URLs, case and punctuation apart).",
                "Remove one of them.",
            )
        first[key] = number
        texts.append(prepare_text(text))
    return texts


def _rows(path: Path, text_column: str) -> list[tuple[int, object]]:
    if path.suffix.lower() != _LINES:
        column = guessed_columns(path, file_format(path), text=text_column).text
        return [(number, fields[column]) for number, fields in read_records(path, [column])]
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}.", "Check the path.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: it is not UTF-8.", "Save the file as UTF-8.") from error
    return list(enumerate(lines, 1))
