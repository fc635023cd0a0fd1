"""The checkpoints of a run: last.pt, all that a resume needs, and best.pt, the weights of the best epoch.

A .pt file is a zip archive. torch doesn't look at its checksums, zipfile does: so one changed byte is noticed.
"""

import io
import zipfile
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from trainer.files import write_whole
from trainer.log import EpochRow, checked_rows, row_from, to_csv
from trainer.model import MnistCNN
from trainer.run import BEST, LARGEST, LAST, LOG, Run, damaged, read_bytes, write_text
from trainer.schema import Mismatch, harmless, read, shown
from trainer.step import optimized
from xlfuncs.errors import UnreadableError


def save_epoch(run: Run, model_state: dict[str, Tensor], momentum: dict[int, Any]) -> None:
    """Put an epoch on the disk, run.rows being up to date; a kill in here costs nothing that restore can't mend."""
    _save(run.folder / LAST, {"rows": [asdict(row) for row in run.rows], "model": model_state, "momentum": momentum})
    save_best(run, model_state)
    write_text(run.folder / LOG, to_csv(run.rows))


def save_best(run: Run, model_state: dict[str, Tensor]) -> None:
    """Write best.pt, which can be used without the rest of the folder, if the last epoch is the best."""
    best = run.best
    if best is None or best != run.last:
        return
    about = {"dataset": run.config.dataset, "data_label": run.config.data_label, "row": asdict(best)}
    _save(run.folder / BEST, {"model": model_state, **about})


def restore(run: Run) -> dict[str, Any]:
    """Read last.pt, take its log as the run's, and put right whatever a kill kept from being written after it.

    Gives `model` and `momentum`, which fit the network.
    """
    path = run.folder / LAST
    saved = load_checkpoint(path, ("rows", "model", "momentum"))
    try:
        rows = saved["rows"] if isinstance(saved["rows"], list) else [saved["rows"]]
        run.rows = checked_rows([row_from(row, line) for line, row in enumerate(rows, start=2)], run.config.test_images)
        check_momentum(saved["momentum"], MnistCNN())
    except Mismatch as error:
        raise damaged(path, error) from error
    save_best(run, saved["model"])
    write_text(run.folder / LOG, to_csv(run.rows))
    return saved


def load_best(path: Path) -> tuple[dict[str, Tensor], EpochRow, str]:
    """A best.pt's weights, the row of its epoch, and what it was trained on. Raises GradsheetError."""
    saved = load_checkpoint(path, ("model", "row", "data_label"))
    try:
        if not isinstance(saved["data_label"], str) or saved["data_label"] != harmless(saved["data_label"]):
            raise Mismatch("its data_label is no text")
        return saved["model"], read(EpochRow, saved["row"], "row "), saved["data_label"]
    except Mismatch as error:
        raise damaged(path, error) from error


def load_checkpoint(path: Path, keys: tuple[str, ...]) -> dict[str, Any]:
    """The content of a .pt file under these keys, on the CPU, `model` being weights that fit the network.

    Nothing in it is executed. Raises GradsheetError where it can't be read or used.
    """
    try:
        content = read_bytes(path)
    except FileNotFoundError as error:
        raise UnreadableError(no_checkpoint(path)) from error
    try:
        saved = _unpacked(content)
        if not isinstance(saved, dict) or not {"model", *keys} <= set(saved):
            raise Mismatch("it is no checkpoint of gradsheet's")
        check_tensors(saved["model"], MnistCNN().state_dict())
    except Mismatch as error:
        raise damaged(path, error) from error
    return {key: saved[key] for key in keys}


def no_checkpoint(path: Path) -> str:
    """The sentence for one that isn't there."""
    return f"There is no checkpoint {path}; train first, or give another run folder."


def _unpacked(content: bytes) -> object:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(part.file_size for part in archive.infolist()) > LARGEST:
                raise Mismatch("it holds too much")
            changed = archive.testzip()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError, OSError, EOFError, zlib.error) as error:
        if isinstance(error, Mismatch):
            raise
        raise Mismatch("it is no checkpoint, or a part of one") from error
    if changed is not None:
        raise Mismatch(f"its part {shown(changed)} was changed or didn't reach the disk whole")
    try:
        return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # what a file that somebody made up does to the unpickler has no list of exceptions
        raise Mismatch("it is no checkpoint of gradsheet's") from error


def check_tensors(tensors: object, expected: dict[Any, Tensor]) -> None:
    """Raise Mismatch unless these are finite numbers under the expected names, in the expected shapes and types."""
    if not isinstance(tensors, dict) or set(tensors) != set(expected):
        raise Mismatch("it holds another model")
    for name, like in expected.items():
        tensor = tensors[name]
        if not isinstance(tensor, Tensor) or (tensor.shape, tensor.dtype, tensor.layout, tensor.device) != (
            like.shape, like.dtype, like.layout, like.device,
        ):  # fmt: skip
            raise Mismatch(f"its {name} is another model's")
        if not torch.isfinite(tensor).all():
            raise Mismatch(f"its {name} holds NaN or infinity, as too high a learning rate leaves them")


def check_momentum(momentum: object, model: MnistCNN) -> None:
    """Raise Mismatch unless this is the optimizer's state: a buffer a parameter, by number; none before a step."""
    if momentum == {}:
        return
    by_number = dict(enumerate(optimized(model)))
    if not isinstance(momentum, dict) or not all(
        isinstance(state, dict) and set(state) == {"momentum_buffer"} for state in momentum.values()
    ):
        raise Mismatch("its momentum is no optimizer's")
    check_tensors({key: state["momentum_buffer"] for key, state in momentum.items()}, by_number)


def _save(path: Path, content: dict[str, Any]) -> None:
    # Into memory first: torch makes a RuntimeError without a reason of a full disk.
    packed = io.BytesIO()
    torch.save(content, packed)
    with write_whole(path) as file:
        file.write(packed.getbuffer())
