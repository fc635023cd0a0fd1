"""The checkpoints of a run: last.pt, all that a resume needs, and best.pt, the weights of the best epoch."""

import pickle
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from trainer.log import row_from, to_csv
from trainer.run import BEST, LAST, LOG, Run, write_text
from workbook.files import write_whole
from xlfuncs.errors import GradsheetError


def save_epoch(run: Run, model_state: dict[str, Tensor], momentum: dict[int, Any]) -> None:
    """Put an epoch on the disk, run.rows being up to date; a kill in here costs nothing that restore can't mend."""
    _save(run.folder / LAST, {"rows": [asdict(row) for row in run.rows], "model": model_state, "momentum": momentum})
    if run.rows and run.best == run.last:
        save_best(run, model_state)
    write_text(run.folder / LOG, to_csv(run.rows))


def save_best(run: Run, model_state: dict[str, Tensor]) -> None:
    """Write best.pt, which can be used without the rest of the folder."""
    about = {"dataset": run.config.dataset, "data_label": run.config.data_label, "row": asdict(run.best)}
    _save(run.folder / BEST, {"model": model_state, **about})


def restore(run: Run) -> dict[str, Any]:
    """Read last.pt, take its log as the run's, and put right whatever a kill kept from being written after it."""
    saved = load_checkpoint(run.folder / LAST, ("rows", "model", "momentum"))
    try:
        run.rows = [row_from(row) for row in saved["rows"]]
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(run.folder / LAST) from error
    if run.rows and run.best == run.last:
        save_best(run, saved["model"])
    write_text(run.folder / LOG, to_csv(run.rows))
    return saved


def load_checkpoint(path: Path, keys: tuple[str, ...]) -> dict[str, Any]:
    """The content of a .pt file, on the CPU; nothing in it is executed. GradsheetError where it can't be used."""
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
        return {key: saved[key] for key in keys}
    except FileNotFoundError as error:
        raise GradsheetError(f"There is no checkpoint {path}; train first, or give another run folder.") from error
    except (OSError, RuntimeError, EOFError, KeyError, TypeError, ValueError, pickle.UnpicklingError) as error:
        raise _damaged(path) from error


def load_weights(model: torch.nn.Module, state: dict[str, Tensor], path: Path) -> None:
    """Put a checkpoint's weights into the model; GradsheetError, naming the checkpoint, where they are another's."""
    try:
        model.load_state_dict(state)
    except (RuntimeError, TypeError, AttributeError) as error:
        raise GradsheetError(f"The checkpoint {path} holds another model; train again.") from error


def _damaged(path: Path) -> GradsheetError:
    return GradsheetError(f"The checkpoint {path} is damaged or is not gradsheet's; train again.")


def _save(path: Path, content: dict[str, Any]) -> None:
    with write_whole(path) as file:
        torch.save(content, file)
