"""A model's passes over rows of token ids: on the CPU, or on a GPU with the transfers beside the computing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from monitor.classify.engine import Integers
from monitor.classify.openvino_engine import Batch, batches
from monitor.classify.options import Compiling

GPU_BATCH_TOKENS = 16_384
"""Tokens of one pass on a GPU, padding included: enough to keep its arithmetic, not its memory, busy."""

Arrays = npt.NDArray[np.float32]


class Answered(NamedTuple):
    """One pass: the places of its texts in the call, and what the model says of them, as its `Outputs` in numpy."""

    places: Integers
    outputs: tuple[Arrays, ...]


class HostPasses:
    """The model on the CPU, one text a pass: a matrix product of other shape may sum in another order."""

    def __init__(self, model: nn.Module) -> None:
        self._model = model

    def run(self, rows: Sequence[list[int]]) -> Iterator[Answered]:
        """Answers for rows of token ids."""
        for place, row in enumerate(rows):
            with torch.inference_mode():
                ids = torch.tensor([row])
                outputs = self._model(ids, torch.ones_like(ids))
            yield Answered(np.array([place]), tuple(part.numpy() for part in outputs))


class _Staged(NamedTuple):
    """A batch on its way to the GPU, and the event of its arrival."""

    places: Integers
    ids: Tensor
    mask: Tensor
    ready: Any


class _Launched(NamedTuple):
    """A batch whose answers are on their way back, and the event of their arrival."""

    places: Integers
    outputs: list[Tensor]
    landed: Any


class GpuPasses:
    """The model on a GPU. While it computes a batch, the next one travels there and the answers before it travel back.

    Three streams, each in order, joined by events: up, compute (the current one), down. Batches travel through pinned
    memory, so that the host waits for nothing but the answers that it reads.
    """

    def __init__(self, model: nn.Module, pad_id: int, kind: torch.dtype, compiling: Compiling) -> None:
        """Takes a model that lies on the GPU.

        Args:
            model: In evaluation mode.
            pad_id: Token id of padding; encoders that count positions by it need the right one.
            kind: Of autocast; float32 for none.
            compiling: See `TorchEngine`.
        """
        mode = "reduce-overhead" if compiling == "graphs" else None
        self._model: Any = model if compiling == "off" else torch.compile(model, dynamic=True, mode=mode)
        self._pad_id = pad_id
        self._kind = kind
        self._full = compiling == "graphs"
        self._up: Any = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        self._down: Any = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        if compiling == "on":
            # Here, so that no batch waits for it. Graphs belong to the thread that records them: to the first batches.
            for _ in self.run([[pad_id] * length for length in (7, 7, 15, 15, 15)]):
                pass

    def run(self, rows: Sequence[list[int]]) -> Iterator[Answered]:
        """Answers for rows of token ids, those of one batch at a time."""
        before: _Launched | None = None
        for staged in self._staged(batches(rows, GPU_BATCH_TOKENS)):
            launched = self._launch(staged)
            if before is not None:
                yield _landed(before)
            before = launched
        if before is not None:
            yield _landed(before)

    def _staged(self, rows: Iterator[Batch]) -> Iterator[_Staged]:
        """Batches on the GPU, each handed out when the next one has been sent on its way."""
        waiting: _Staged | None = None
        for batch in rows:
            staged = self._stage(batch)
            if waiting is not None:
                yield waiting
            waiting = staged
        if waiting is not None:
            yield waiting

    def _stage(self, batch: Batch) -> _Staged:
        full = max(1, GPU_BATCH_TOKENS // batch.ids.shape[1]) if self._full else len(batch.ids)
        ids, mask = padded(batch, self._pad_id, full)
        with torch.cuda.stream(self._up):
            sent = [torch.from_numpy(part).pin_memory().to("cuda", non_blocking=True) for part in (ids, mask)]
            return _Staged(batch.places, sent[0], sent[1], self._up.record_event())

    def _launch(self, staged: _Staged) -> _Launched:
        compute = torch.cuda.current_stream()
        compute.wait_event(staged.ready)
        staged.ids.record_stream(compute)
        staged.mask.record_stream(compute)
        with torch.inference_mode(), torch.autocast("cuda", self._kind, enabled=self._kind is not torch.float32):
            # Copied, because a graph that is replayed overwrites its outputs.
            outputs = [part.to(torch.float32, copy=True) for part in self._model(staged.ids, staged.mask)]
        self._down.wait_event(compute.record_event())
        with torch.cuda.stream(self._down):
            fetched = [part.to("cpu", non_blocking=True) for part in outputs]  # torch pins what it copies to this way
            for part in outputs:
                part.record_stream(self._down)
            return _Launched(staged.places, fetched, self._down.record_event())


def _landed(launched: _Launched) -> Answered:
    launched.landed.synchronize()
    return Answered(launched.places, tuple(part.numpy()[: len(launched.places)] for part in launched.outputs))


def padded(batch: Batch, pad_id: int, rows: int) -> tuple[Integers, Integers]:
    """Token ids and mask of a batch, padded with a token of the model's own and filled up to so many rows.

    Rows that fill up hold one token that counts, as nothing can be averaged over none.
    """
    ids = np.full((rows, batch.ids.shape[1]), pad_id, dtype=np.int64)
    mask = np.zeros_like(ids)
    mask[:, 0] = 1
    count = len(batch.ids)
    ids[:count] = np.where(batch.mask == 1, batch.ids, pad_id)
    mask[:count] = batch.mask
    return ids, mask
