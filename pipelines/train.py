"""The job that makes a model version out of examples: trains, exports, calibrates, judges. Needs the extra: train."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from monitor.classify.labels import Labels
from monitor.classify.manifest import MANIFEST_NAME, Manifest, load_manifest
from monitor.classify.text import prepare_text
from monitor.errors import InputError, ModelError
from monitor.learning.data.corpus import Corpus
from monitor.learning.data.examples import Example, targets_of, without_added_topics
from monitor.learning.data.replaying import without_relatives
from monitor.learning.data.splitting import split_corpus
from monitor.learning.data.stories import Family
from monitor.learning.recipe import Recipe
from monitor.learning.training.places import WEIGHTS_FOLDER, require_places
from pipelines.packing import building, judged, keep_weights, packed, with_parents_topics

if TYPE_CHECKING:
    from monitor.learning.data.encoding import Encoded
    from monitor.learning.training.checkpoints import Checkpoints
    from monitor.learning.training.loop import Progress
    from monitor.learning.training.starting import Start

VALIDATION_SHARE = 0.1
_LIBRARIES = ("torch", "transformers", "safetensors", "peft", "nncf")
NEEDS_EXTRA = "Install the training libraries: pip install 'sentiment-monitor[train]'."

Say = Callable[[str], None]


@dataclass(frozen=True)
class Run:
    """How a run is carried out; nothing of it decides the outcome.

    Attributes:
        grade: Of the finished version; empty for the parent's, or the base's.
        base_folder: Where the base's files lie; None looks for them.
        teacher_base: Likewise the base of the teacher.
        folder: Keeps the state at the end of every epoch, and the finished weights; None keeps nothing.
        resume: Go on from the state in `folder`.
        threads: CPU threads; 0 for as many as there are cores.
    """

    grade: str = ""
    base_folder: Path | None = None
    teacher_base: Path | None = None
    folder: Path | None = None
    resume: bool = False
    threads: int = 0


def train_version(
    examples: Sequence[Example],
    recipe: Recipe,
    out_folder: Path,
    *,
    validation: Sequence[Example],
    certain: Sequence[Example] = (),
    stories: Sequence[Family] = (),
    labels_until: datetime | None = None,
    parent: Path | None = None,
    teacher: Path | None = None,
    run: Run | None = None,
    report: Say = lambda _line: None,
    watch: Callable[[Progress], None] = lambda _progress: None,
) -> Manifest:
    """Train a version, calibrate it on the validation examples as it is served, judge it, and put it in place.

    Args:
        examples: To train on; no two of the same text.
        recipe: How.
        out_folder: Gets the finished model, all at once; an older one there is replaced. After an error nothing of this
            run is there.
        validation: Examples of other texts: they stop the run early, fit the temperatures and are judged.
        certain: To train on too, with labels that nobody need guess: the teacher is not asked about them.
        stories: Families of texts, those of one story and those of others: what the story vector learns from. Without
            any it stays the parent's.
        labels_until: UTC-aware; when the newest of the store's labels was given that is among the examples; None for
            none. The version bears this or what its parent or teacher bears, whichever is later.
        parent: Folder of the version whose weights to go on from; None starts from the base.
        teacher: Folder of a version whose answers are learnt beside the labels; examples may have no labels then.
        run: How it is carried out.
        report: Called with one line at a time.
        watch: Called with the run's progress.

    Returns:
        The version's manifest.

    Raises:
        InputError: The places cannot be used (see `require_free`), or no labelled mention is within what is read.
        ModelError: The base or the parent is missing or does not fit, the teacher knows less than a guess, the recipe
            cannot be followed, the run diverged, or the training libraries are not installed.
    """
    run = run or Run()
    require_free(out_folder, run)
    with training_libraries():
        from monitor.learning.training.loop import require_possible
        from monitor.learning.training.starting import encoded_with_base, start

        asked, examples = len(examples), [*examples, *certain]
        origins = [load_manifest(folder, Labels()) if folder else None for folder in (parent, teacher)]
        known = [labels_until, *(papers.labels_until for papers in origins if papers is not None)]
        labels_until = max((at for at in known if at is not None), default=None)
        begun = start(recipe, len(examples), parent=parent, local=run.base_folder, threads=run.threads)
        examples, validation = (without_added_topics(side, len(Labels().topics)) for side in (examples, validation))
        require_possible(recipe, begun.model, bool(examples), bool(validation))
        report(f"{len(examples):,} texts to train on, {len(validation):,} to validate on")
        rows = encoded_with_base(begun, examples, recipe, keep_stories=not stories)
        _require_mentions(examples, rows, recipe, report)
        if teacher is not None:
            texts = [example.text for example in examples[:asked]]
            rows = [*_taught(texts, rows[:asked], begun, teacher, run, report), *rows[asked:]]
        told = [Example(prepare_text(text.text)) for family in stories for text in family]
        versions = [papers.model_version if papers is not None else "" for papers in origins]
        keeper = _keeper(run, recipe, (examples[:asked], examples[asked:], validation, stories, versions))
        _fit(begun, rows, stories, recipe, validation, keeper, report, watch)
        with building(out_folder) as built:
            papers = packed(begun, [*examples, *told], recipe, run.grade, labels_until, built, report)
            own = papers = judged(begun, papers, validation, built, report)
            texts = [example.text for example in (*examples, *validation)]
            if parent is not None:
                papers = with_parents_topics(parent, own, texts, built, run.base_folder, report)
            if run.folder and recipe.method == "full":
                keep_weights(begun, own, run.folder / WEIGHTS_FOLDER, parent, texts, run.base_folder)
    if keeper is not None:
        keeper.clear()
    report(f"{out_folder}: {papers.model_version}")
    return papers


class VersionTrainer:
    """Trains successors of a version, for the job that retrains."""

    def __init__(self, recipe: Recipe, run: Run | None = None, report: Say = lambda _line: None) -> None:
        """Settle what is the same for all successors.

        Args:
            recipe: How they are trained; base, method, rank and token limit are the parent's.
            run: How the runs are carried out.
            report: Called with one line at a time.
        """
        self._recipe = recipe
        self._run = run or Run()
        self._report = report

    def train(
        self,
        labelled: Sequence[Example],
        rehearsals: Sequence[Example],
        parent_folder: Path,
        out_folder: Path,
        labels_until: datetime,
    ) -> Path:
        """Train on from a model; a tenth of what people labelled stops and calibrates it.

        The tenth is drawn by groups of near-duplicates. None of the model's own answers is in it, and none about a text
        like it is learnt from: the model would be judged by itself.
        """
        old = parents_recipe(parent_folder)
        kept = {name: getattr(old, name) for name in ("base", "method", "rank", "alpha", "max_tokens")}
        recipe = msgspec.structs.replace(self._recipe, **kept)
        split = split_corpus(Corpus.of(labelled), "group", VALIDATION_SHARE, recipe.seed)
        train_version(
            [*split.training, *without_relatives(rehearsals, [example.text for example in split.validation])],
            recipe,
            out_folder,
            validation=split.validation,
            labels_until=labels_until,
            parent=parent_folder,
            run=self._run,
            report=self._report,
        )
        return out_folder


def parents_recipe(folder: Path) -> Recipe:
    """The recipe by which a version was trained.

    Raises:
        ModelError: The folder is no whole model.
    """
    with training_libraries():
        from monitor.learning.network.restoring import recipe_of
    return recipe_of(load_manifest(folder, Labels()))


def require_free(out_folder: Path, run: Run | None = None) -> None:
    """Refuse to replace what is no model, or to spoil a run.

    Raises:
        InputError: See `monitor.learning.training.places.require_places`.
    """
    run = run or Run()
    require_places(out_folder, MANIFEST_NAME, "model", run.folder, resume=run.resume)


@contextmanager
def training_libraries() -> Iterator[None]:
    """Says which extra is missing, where a training library is.

    Raises:
        ModelError: One cannot be imported.
    """
    for name in _LIBRARIES:  # not when they are met: some are only met once hours of training are over
        if find_spec(name) is None:
            raise ModelError(f"the Python package {name} is not installed.", NEEDS_EXTRA)
    try:
        yield
    except ModuleNotFoundError as error:
        raise ModelError(f"the Python package {error.name} is not installed.", NEEDS_EXTRA) from error


def _taught(
    texts: Sequence[str], rows: Sequence[Encoded], begun: Start, teacher: Path, run: Run, report: Say
) -> list[Encoded]:
    """Give encoded examples a teacher's answers, which are kept in the run's folder: they take long to make.

    Raises:
        ModelError: It knows less of the labels than who always says the most frequent one.
    """
    from monitor.learning.network.model import load_tokenizer
    from monitor.learning.network.weights import load_weights
    from monitor.learning.training.distillation import load_answers, save_answers, teach

    manifest = load_manifest(teacher, Labels())
    tokens = [row.ids for row in rows]
    kept = None if run.folder is None else run.folder / f"answers-{manifest.model_version}.safetensors"
    if kept is not None and kept.is_file():
        answers, _ = load_answers(kept, texts, tokens)
    else:
        report(f"{manifest.model_version} answers {len(rows):,} texts")
        model, pad_id = load_weights(teacher, manifest, run.teacher_base)
        own = load_tokenizer(teacher, manifest.max_tokens)
        answers = teach(model, own, pad_id, texts, begun.tokenizer, _by_tenths(len(texts), report))
        if kept is not None:
            save_answers(kept, answers, texts, tokens, manifest.model_version)
    taught = [replace(row, soft=answer) for row, answer in zip(rows, answers, strict=True)]
    _require_knowledge(taught, manifest.model_version, report)
    return taught


def _by_tenths(total: int, report: Say) -> Callable[[int], None]:
    """Tells of every tenth that is done: a large teacher reads for an hour."""
    told = 0

    def tell(done: int) -> None:
        nonlocal told
        tenth = 10 * done // total
        if tenth > told:
            told = tenth
            report(f"{done:,} of {total:,} texts answered")

    return tell


def _require_knowledge(taught: Sequence[Encoded], teacher: str, report: Say) -> None:
    from monitor.learning.data.encoding import UNKNOWN
    from monitor.learning.training.distillation import agreement

    heads: tuple[Literal["topic", "sentiment"], ...] = ("topic", "sentiment")
    for head in heads:
        known = [row for row in taught if row.soft is not None and getattr(row, head) != UNKNOWN]
        if not known:
            continue
        right, guessed = agreement([getattr(row, head) for row in known], [getattr(row.soft, head) for row in known])
        report(f"{teacher} agrees with {right:.1%} of {len(known):,} labels ({head})")
        if right < guessed:
            raise ModelError(
                f"{teacher} is no teacher of the {head}: it agrees with {right:.1%} of the labels, and the most "
                f"frequent one alone with {guessed:.1%}.",
                "Check what the labels mean, or learn from another version.",
            )


def _require_mentions(examples: Sequence[Example], rows: Sequence[Encoded], recipe: Recipe, report: Say) -> None:
    """Tell how many labelled mentions lie beyond what is read in training.

    Raises:
        InputError: All of them.
    """
    marked, left = len(targets_of(examples).spans), sum(len(row.targets) for row in rows)
    if left < marked:
        fault = (
            f"{marked - left:,} of {marked:,} sentiments toward mentions cannot be learnt: they stand beyond the first "
            f"{recipe.max_tokens} tokens of their texts."
        )
        if not left:
            raise InputError(fault, "Read more of each text: --set max_tokens=512 at most.")
        report(fault)


def _keeper(run: Run, recipe: Recipe, learnt: object) -> Checkpoints | None:
    """Where the run's state is kept, under the hash of all that it learns from and is judged by."""
    from monitor.learning.training.checkpoints import Checkpoints

    if run.folder is None:
        return None
    return Checkpoints(run.folder, recipe, hashlib.sha256(msgspec.json.encode(learnt)).hexdigest())


def _fit(
    begun: Start,
    rows: Sequence[Encoded],
    stories: Sequence[Family],
    recipe: Recipe,
    validation: Sequence[Example],
    keeper: Checkpoints | None,
    report: Say,
    watch: Callable[[Progress], None],
) -> None:
    from monitor.learning.data.encoding import encode
    from monitor.learning.data.stories import encode_families
    from monitor.learning.training.loop import train

    epoch = train(
        begun.model,
        rows,
        recipe,
        watch,
        pad_id=begun.base.pad_id,
        validation=encode(validation, begun.tokenizer),
        keeper=keeper,
        report_every=max(1, min(50, len(rows) // recipe.batch_size // 4)),
        families=encode_families(stories, begun.tokenizer),
    )
    if recipe.patience:
        report(f"the weights are those after epoch {epoch}")
