"""The job that writes a version in its other form: a graph for the CPU, or weights over the base for torch."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Literal

from monitor.classify.labels import Labels
from monitor.classify.manifest import Manifest
from monitor.errors import InputError
from monitor.learning.data.examples import read_text
from monitor.learning.data.reading import read_records
from pipelines.packing import CALIBRATION_TEXTS, building, with_parents_topics
from pipelines.topics import demo_headlines
from pipelines.train import require_free, training_libraries


def export_version(
    folder: Path,
    out_folder: Path,
    to: Literal["openvino", "weights"],
    *,
    texts: Path | None = None,
    text_column: str = "text",
    base_folder: Path | None = None,
    report: Callable[[str], None] = lambda _line: None,
) -> Manifest:
    """Write a version in another form; its temperatures stay those that were fitted, its added topics go with it.

    Args:
        folder: Of the version.
        out_folder: Gets the other form, all at once.
        to: "openvino" for a static int8 graph; "weights" for float16 weights over the base, all of them, with additions
            folded in. Out of a graph they come as it has them, rounded to 8 bits.
        texts: For a graph: a file whose texts set its ranges. Added topics are carried over on them, too; without a
            file, on the demo's headlines.
        text_column: Its column.
        base_folder: Where the base's files lie; None looks for them.
        report: Called with one line at a time.

    Raises:
        InputError: The texts are missing or cannot be read, the place is taken, or the version has this form already.
        ModelError: The folder is no whole model, its base is missing, or the training libraries are not installed.
    """
    require_free(out_folder)
    if to == "openvino" and texts is None:
        raise InputError("an int8 graph needs texts like those it will read.", "Give a file: --data, --text-column.")
    with training_libraries():
        import msgspec

        from monitor.classify.manifest import load_manifest
        from monitor.learning.network.bases import base_folder as folder_of
        from monitor.learning.network.export import export_model, export_weights, write_papers
        from monitor.learning.network.model import load_base, load_tokenizer
        from monitor.learning.network.restoring import MERGEABLE, base_of, plain, restore_weights

        manifest = load_manifest(folder, Labels())
        base = base_of(manifest)
        model = load_base(base, Labels(), local=folder_of(base, base_folder))
        restored = restore_weights(model, folder)
        if to == "weights" and restored.adapted and restored.recipe.method not in MERGEABLE:
            raise InputError(
                f"{folder}: a {restored.recipe.method} is never folded into its base; it is kept as weights over it.",
                "Use the folder as it is, or write a graph: --format openvino.",
            )
        if to == "weights" or restored.recipe.method in MERGEABLE:
            plain(model, restored)
        tokenizer = load_tokenizer(folder, manifest.max_tokens)
        with building(out_folder) as built:
            read = demo_headlines() if texts is None else _texts(texts, text_column)
            if to == "openvino":
                report("quantising to int8")
                export_model(model, tokenizer, read, built, manifest.max_tokens)
            else:
                export_weights(model, tokenizer, built, manifest.max_tokens)
            # Weights are all of them now, and are to be loaded as such.
            recipe = manifest.recipe | ({"method": "full"} if to == "weights" else {})
            own = manifest.labels.topics
            papers = msgspec.structs.replace(manifest, recipe=recipe, topics=own, added_topics=0, files={})
            return with_parents_topics(folder, write_papers(built, papers), read, built, base_folder, report)


def _texts(path: Path, column: str) -> list[str]:
    rows = islice(read_records(path, (column,)), CALIBRATION_TEXTS)
    return [read_text(f"{path}, row {number}", fields[column]) for number, fields in rows]
