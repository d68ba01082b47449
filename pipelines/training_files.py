"""From a user's files to what trains and what validates, and from a user's settings to a recipe."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import msgspec

from monitor.classify.labels import Labels, Task
from monitor.classify.text import prepare_text
from monitor.errors import InputError
from monitor.learning.data.corpus import Columns, Corpus, read_corpus
from monitor.learning.data.label_files import Exported, read_export
from monitor.learning.data.reading import read_records
from monitor.learning.data.replaying import without_relatives
from monitor.learning.data.splitting import Split, require_trainable, split_by_file, split_corpus
from monitor.learning.recipe import FAST, QUALITY, Recipe

Say = Callable[[str], None]

_UNTRAINED: Mapping[Task, str] = {
    "topic": "topics",
    "sentiment": "sentiments of the whole text",
    "entity": "sentiments toward companies",
}


class LabelledFiles(msgspec.Struct, frozen=True, kw_only=True):
    """What a user has.

    Attributes:
        data: Files to train on.
        columns: Of all files.
        label_maps: By task, label name by raw label.
        all_entities: See `read_corpus`.
        validation: Files to validate on; without any, a share of the data does.
        share: That share, in (0, 1).
        how: What it consists of; see `split_corpus`.
    """

    data: tuple[Path, ...]
    columns: Columns
    label_maps: Mapping[Task, Mapping[str, str]] = {}
    all_entities: bool = False
    validation: tuple[Path, ...] = ()
    share: float = 0.1
    how: Literal["time", "group"] = "group"


def read_split(files: LabelledFiles, seed: int, report: Say, now: datetime) -> Split:
    """Read labelled files and settle what trains and what validates; nothing that repeats is on both sides.

    Of labels that the store exported those of the tasks that have a column are read, and the held-out fifth is left
    out: the retraining job judges by it, and a model that had seen it would be judged too well.

    Args:
        files: Where they lie and what is in them.
        seed: Of the draw.
        report: Told what was merged and left out.
        now: UTC-aware wall clock.

    Raises:
        InputError: Naming file, row and remedy; or there is too little to learn from.
    """
    tasks, paths = files.columns.labels(), (*files.data, *files.validation)
    exports = {path: export for path in paths if (export := read_export(path, tasks, now)) is not None}
    corpus = _read_side(files, files.data, exports, report)
    if files.validation:
        split = split_by_file(corpus, _read_side(files, files.validation, exports, report))
    else:
        split = split_corpus(corpus, files.how, files.share, seed)
    if split.dropped:
        why = (
            "training texts are dropped: they stand, or nearly so or by their group, in the validation file"
            if files.validation
            else "newer texts are dropped: they repeat older ones, or are of their group"
        )
        report(f"{split.dropped:,} {why}.")
    require_trainable(split, tasks, Labels())
    given = [export.newest_at for export in exports.values() if export.newest_at is not None]
    return replace(split, labels_until=max(given, default=None))


def _read_side(files: LabelledFiles, paths: Sequence[Path], exports: Mapping[Path, Exported], report: Say) -> Corpus:
    """Read the files that train, or those that validate, without what judges."""
    corpus = read_corpus(
        paths,
        files.columns,
        files.label_maps,
        labels=Labels(),
        all_entities=files.all_entities,
        exported=exports.keys(),
    )
    for sentence in corpus.counts.sentences():
        report(sentence)
    judging = [text for export in exports.values() for text in export.judging]
    if not judging:
        return corpus
    kept = _without_relatives(corpus, judging)
    report(
        f"{len(corpus.examples) - len(kept.examples):,} texts are left out: they are, or are near to, the "
        "held-out fifth of the exported labels, which judges what is trained on the others."
    )
    return kept


def _without_relatives(corpus: Corpus, held_out: Sequence[str]) -> Corpus:
    kept = {example.text for example in without_relatives(corpus.examples, held_out)}
    places = [place for place, example in enumerate(corpus.examples) if example.text in kept]
    return replace(
        corpus,
        examples=[corpus.examples[place] for place in places],
        times=[corpus.times[place] for place in places],
        groups=[corpus.groups[place] for place in places] if corpus.groups else [],
    )


def read_texts(paths: Sequence[Path], text_column: str) -> list[str]:
    """Read texts without labels, as the model reads them; empty ones are left out.

    Raises:
        InputError: Naming file, row and remedy.
    """
    texts = [str(row[text_column] or "") for path in paths for _, row in read_records(path, [text_column])]
    return [prepared for text in texts if (prepared := prepare_text(text))]


def untrained(files: LabelledFiles, has_parent: bool) -> str:
    """What a person must know of the answers that the files teach nothing about; empty where they teach all."""
    missing = [name for task, name in _UNTRAINED.items() if task not in files.columns.labels()]
    if not missing:
        return ""
    fate = (
        "may have suffered: compare with monitor evaluate"
        if has_parent
        else "mean nothing: go on from a model (--from)"
    )
    return f"The files teach nothing about {', '.join(missing)}; these answers {fate}."


def recipe_for(base: str) -> Recipe:
    """The shipped recipe of a base; the fast one's settings for a base that ships with none."""
    shipped = {recipe.base: recipe for recipe in (FAST, QUALITY)}
    return shipped.get(base or FAST.base, msgspec.structs.replace(FAST, base=base or FAST.base))


def recipe_with(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """A recipe with some settings changed.

    Args:
        recipe: The others come from it.
        changes: By name; numbers may be written as text.

    Raises:
        InputError: There is no such setting, or a value does not fit it.
    """
    names = {field.name for field in msgspec.structs.fields(Recipe)}
    for name in changes:
        if name not in names:
            raise InputError(
                f"--set: there is no setting {name!r}.", "The settings are: " + ", ".join(sorted(names)) + "."
            )
    try:
        return msgspec.convert({**msgspec.to_builtins(recipe), **changes}, Recipe, strict=False)
    except msgspec.ValidationError as error:
        raise InputError(
            f"a setting of the recipe does not fit: {error}.", "Mend it; see: monitor train --help."
        ) from error


def parse_settings(written: list[str]) -> dict[str, str]:
    """Read settings as typed on a command line.

    Raises:
        InputError: One is not name=value.

    >>> parse_settings(["rank=8", "label_smoothing = 0"])
    {'rank': '8', 'label_smoothing': '0'}
    """
    settings = {}
    for part in written:
        name, equals, value = part.partition("=")
        if not (equals and name.strip() and value.strip()):
            raise InputError(f"--set: {part!r} is not name=value.", "Write it like --set rank=8.")
        settings[name.strip().replace("-", "_")] = value.strip()
    return settings
