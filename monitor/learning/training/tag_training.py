"""Training a tagger for one's own tags, by the same loop, recipe and methods as the classifier."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from monitor.classify.manifest import file_sha256
from monitor.errors import InputError
from monitor.learning.data.conll import Conll, TaggedSentence, read_conll
from monitor.learning.data.encoding import Encoded
from monitor.learning.judging.reporting import class_table
from monitor.learning.judging.tag_figures import TagReport, judge_tags
from monitor.learning.network.adapters import apply_method, trained_state
from monitor.learning.network.export import install
from monitor.learning.network.model import load_encoder, load_tokenizer
from monitor.learning.network.tagger import (
    FILES,
    PAPERS_NAME,
    TaggerPapers,
    TagModel,
    find_base,
    load_tagger,
    pieces_of,
    targets_of,
)
from monitor.learning.recipe import Recipe
from monitor.learning.training.checkpoints import Checkpoints
from monitor.learning.training.loop import Progress, prepare_run, steps_of, train
from monitor.learning.training.losses import tag_loss
from monitor.learning.training.places import require_places

if TYPE_CHECKING:
    from tokenizers import Tokenizer

VALIDATION_SHARE = 0.1
REPORT_NAME = "REPORT.md"


def train_tagger(
    train_path: Path,
    validation_path: Path | None,
    out_folder: Path,
    recipe: Recipe,
    *,
    word_column: int = 0,
    tag_column: int = -1,
    local: Path | None = None,
    run_folder: Path | None = None,
    resume: bool = False,
    threads: int = 0,
    watch: Callable[[Progress], None] = lambda _: None,
) -> TaggerPapers:
    """Train a tagger, judge it as it will be loaded, and put it in place.

    Args:
        train_path: In the CoNLL format.
        validation_path: Likewise; None holds out a tenth of the sentences.
        out_folder: Gets the finished tagger, all at once; an older one there is replaced.
        recipe: How; the weights of the classifier's tasks play no part.
        word_column: Of both files; 0 for the first, -1 for the last.
        tag_column: Likewise.
        local: Folder of the base's files; None looks for them.
        run_folder: Keeps the state after every epoch; None keeps nothing.
        resume: Go on from the state in it.
        threads: CPU threads; 0 leaves them as they are.
        watch: Called with the run's progress.

    Raises:
        InputError: A file cannot be used, or a place (see `require_places`).
        ModelError: The base is missing or changed, or the recipe cannot be followed.
    """
    require_places(out_folder, PAPERS_NAME, "tagger", run_folder, resume=resume)
    data = read_conll(train_path, word_column, tag_column)
    learnt, held_out = _parts(data, validation_path, word_column, tag_column, recipe.seed)
    base, base_files, pad_id = find_base(recipe.base, local)
    papers = TaggerPapers(
        tags=data.tags, scheme=data.scheme, base_model=base.name, base_sha256=base.sha256,
        max_tokens=recipe.max_tokens, recipe=recipe, data_fingerprint=fingerprint(learnt),
    )  # fmt: skip
    tokenizer = load_tokenizer(base_files, recipe.max_tokens)
    rows, judged = (_encoded(sentences, tokenizer, papers) for sentences in (learnt, held_out))
    prepare_run(recipe.seed, threads)
    model = TagModel(load_encoder(base_files), len(papers.tags), recipe.dropout)
    apply_method(model, recipe, steps_of(len(rows), recipe))
    if torch.cuda.is_available():
        model.cuda()
    identity = f"{papers.data_fingerprint} {fingerprint(held_out)} {base.sha256}"
    keeper = Checkpoints(run_folder, recipe, identity) if run_folder else None
    every = max(1, min(50, steps_of(len(rows), recipe) // recipe.epochs // 4))
    train(model, rows, recipe, watch, pad_id=pad_id, validation=judged, keeper=keeper, report_every=every, loss=_loss)
    papers = _written(model, tokenizer, papers, held_out, out_folder, local)
    if keeper:
        keeper.clear()
    return papers


def fingerprint(sentences: Sequence[TaggedSentence]) -> str:
    """The sha256 of words and tags, whatever the order of the sentences."""
    lines = sorted(json.dumps((sentence.words, sentence.tags)) for sentence in sentences)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def tag_report_markdown(title: str, report: TagReport) -> str:
    """A page of a tagger's figures, by entity and by word."""
    lines = [f"# {title}", ""]
    if report.per_entity:
        whole = report.entities
        lines += [
            f"{whole.support:,} entities: precision {whole.precision:.4f}, recall {whole.recall:.4f}, "
            f"F1 {whole.f1:.4f}.",
            "",
            *class_table(report.per_entity),
            "",
        ]
    lines += [f"{report.words:,} words: accuracy {report.accuracy:.4f}, macro F1 {report.macro_f1:.4f}.", ""]
    return "\n".join([*lines, *class_table(report.per_tag)]) + "\n"


def _parts(
    data: Conll, validation_path: Path | None, word_column: int, tag_column: int, seed: int
) -> tuple[list[TaggedSentence], list[TaggedSentence]]:
    """Sentences to learn and sentences to judge by; no sentence that is judged is learnt."""
    if validation_path is None:
        return _split(data.sentences, seed)
    held_out = read_conll(validation_path, word_column, tag_column)
    if held_out.scheme == "plain" and data.scheme != "plain" and set(held_out.tags) != {"O"}:
        raise InputError(f"{validation_path}: its tags mark no chunks, those of the training file do.", "Mark them.")
    for sentence in held_out.sentences:
        for place, tag in enumerate(sentence.tags):
            if tag not in data.tags:
                raise InputError(
                    f"{validation_path}, line {sentence.line + place}: the training file has no tag {tag!r}.",
                    "Add examples of it there, or take these out; it has: " + ", ".join(data.tags),
                )
    known = {sentence.words for sentence in held_out.sentences}
    learnt = [sentence for sentence in data.sentences if sentence.words not in known]
    if not learnt:
        raise InputError("every training sentence is in the validation file too.", "Give other sentences to judge by.")
    return learnt, list(held_out.sentences)


def _split(sentences: Sequence[TaggedSentence], seed: int) -> tuple[list[TaggedSentence], list[TaggedSentence]]:
    """Hold out a tenth, repeats together."""
    groups = list(dict.fromkeys(sentence.words for sentence in sentences))
    if len(groups) < 2:
        raise InputError("one sentence is too few to hold some out.", "Give more, or a validation file.")
    count = max(1, round(len(groups) * VALIDATION_SHARE))
    places = np.random.default_rng(seed).permutation(len(groups))[:count].tolist()
    held = {groups[place] for place in places}
    learnt = [sentence for sentence in sentences if sentence.words not in held]
    return learnt, [sentence for sentence in sentences if sentence.words in held]


def _encoded(sentences: Sequence[TaggedSentence], tokenizer: Tokenizer, papers: TaggerPapers) -> list[Encoded]:
    numbers = {tag: number for number, tag in enumerate(papers.tags)}
    tags = [[numbers[tag] for tag in sentence.tags] for sentence in sentences]
    pieces = pieces_of([sentence.words for sentence in sentences], tokenizer, papers.max_tokens)
    return [Encoded(piece.ids, tags=targets_of(piece, tags[piece.sentence])) for piece in pieces]


def _loss(logits: Tensor, rows: Sequence[Encoded], recipe: Recipe) -> Tensor:
    return tag_loss(logits, rows, recipe) / len(rows)


def _written(
    model: TagModel,
    tokenizer: Tokenizer,
    papers: TaggerPapers,
    held_out: Sequence[TaggedSentence],
    out_folder: Path,
    local: Path | None,
) -> TaggerPapers:
    """Write the folder aside, judge what can be loaded from it, and put it in place."""
    out_folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out_folder.parent, prefix=f".{out_folder.name}.") as scratch:
        built = Path(scratch) / "built"
        built.mkdir()
        save_file({name: tensor.contiguous() for name, tensor in trained_state(model).items()}, built / FILES[0])
        tokenizer.save(str(built / FILES[1]), pretty=False)
        papers = msgspec.structs.replace(papers, files={name: file_sha256(built / name) for name in FILES})
        (built / PAPERS_NAME).write_bytes(msgspec.json.encode(papers))
        given = load_tagger(built, local).tag([sentence.words for sentence in held_out])
        report = judge_tags([sentence.tags for sentence in held_out], given, chunked=papers.scheme != "plain")
        papers = msgspec.structs.replace(papers, metrics={"validation": report.as_json()})
        (built / PAPERS_NAME).write_bytes(msgspec.json.format(msgspec.json.encode(papers), indent=1) + b"\n")
        title = f"Tags of {papers.base_model}, on sentences held out"
        (built / REPORT_NAME).write_text(tag_report_markdown(title, report), encoding="utf-8")
        install(built, out_folder)
    return papers
