"""How articles are scored, as the settings say it: which model, on what, in batches of what size."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Device = Literal["auto", "cpu", "cuda"]
Precision = Literal["auto", "fp32", "fp16", "bf16"]
Compiling = Literal["off", "on", "graphs"]


class ClassifySettings(BaseModel):
    """How articles are scored."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(
        default="fast",
        description="A grade, whose champion in the store is used and followed (without one, the model of that name "
        "that ships with the monitor); or a model's folder, which is used as it is.",
    )
    poll_seconds: float = Field(
        default=5.0, gt=0, description="How often a running classifier looks whether its grade has another champion."
    )
    device: Device = Field(
        default="auto",
        description="Where a model that comes as weights runs: `auto` takes a GPU if there is one. A model that comes "
        "as a graph runs on the CPU.",
    )
    precision: Precision = Field(
        default="auto",
        description="Arithmetic on a GPU; `auto` is `fp16`. On the CPU it is float32, or int8 in graphs.",
    )
    compile: Compiling = Field(
        default="off",
        description="On a GPU: `on` compiles the model's kernels when it is loaded, which takes a minute; `graphs` "
        "also records them as CUDA graphs, at the first batches.",
    )
    languages: tuple[str, ...] = Field(
        default=("en",),
        description="ISO 639-1 codes that the model reads; articles in others are kept and counted, but not scored.",
    )
    companies_file: Path | None = Field(
        default=None,
        description="A list of companies of one's own, beside the listed ones that ship: CSV, JSONL or TOML with the "
        "columns `name`, `id`, `aliases`, `tickers`, `isins`, `country`, `industry`, `description`; in CSV, several "
        "aliases are separated by `|`. One that is a listed company takes its place under the id given here, and keeps "
        "what the file does not say: it has the id or the name of that one, or one of its tickers or ISINs and the "
        "first word of its name. The names of any other go before those of listed companies.",
    )
    threads: int = Field(default=0, ge=0, description="CPU threads of the engine; 0: one for each core.")
    batch_tokens: int = Field(
        default=4096,
        ge=128,
        description="A micro-batch closes when its texts hold about so many tokens; a GPU wants some 32768.",
    )
    batch_wait_ms: int = Field(
        default=50, ge=0, le=10_000, description="A micro-batch closes when its first article has waited so long."
    )
    abstain_below: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="An article whose likeliest sentiment has a smaller probability is not counted as negative. Unset: "
        "what the model that scored it asks for, which is chosen with it and travels with each answer.",
    )
