"""What a trained model says: of one 28×28 drawing, and of all test digits.

Which checkpoint is used where none is named:
1. the one the environment variable GRADSHEET_RUN names, a run folder or a .pt file; else
2. of the runs in the per-user runs folder (runs_folder()) that were trained on MNIST, the best.pt with the most test
   images right; among equals the newest. Dry runs and runs tested on held-out training images don't count; else
3. the same among the runs on scikit-learn's digits; `data_label` of the answer says so.
"""

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from trainer.checkpoint import load_best, no_checkpoint
from trainer.data import Data, load
from trainer.folders import runs_folder
from trainer.log import EpochRow
from trainer.model import CLASSES, IMAGE_SIZE, MnistCNN
from trainer.run import BEST, Run, load_run
from trainer.step import log_probabilities
from xlfuncs.errors import CellValueError, GradsheetError, UnreadableError


@dataclass(frozen=True)
class Prediction:
    """The digit with the highest probability, the ten probabilities, and what the model was trained on."""

    digit: int
    probabilities: tuple[float, ...]
    data_label: str
    checkpoint: Path


@dataclass(frozen=True)
class Examination:
    """How the best checkpoint of a run does on its test digits.

    confusion: int64 (10, 10), row = label, column = prediction. digit_accuracy: percent of each label, float64 (10,),
    NaN where the test set has none. The rest is about the m digits it got wrong, the surest mistakes first: indices
    into the test set (m,), images uint8 (m, 28, 28), labels, predictions, and confidences, the probability of the
    prediction (m,).
    """

    data_label: str
    epoch: int
    confusion: np.ndarray
    digit_accuracy: np.ndarray
    indices: np.ndarray
    images: np.ndarray
    labels: np.ndarray
    predictions: np.ndarray
    confidences: np.ndarray


def find_checkpoint(folder: Path | None = None) -> Path:
    """The checkpoint by the rule above, among the runs in `folder` (None: the per-user runs folder)."""
    named = os.environ.get("GRADSHEET_RUN")
    if named and folder is None:
        return checkpoint_of(named)
    folder = folder or runs_folder()
    found = []
    for path in folder.glob(f"*/{BEST}"):
        try:
            run = load_run(path.parent)
        except GradsheetError:
            continue  # a damaged run is no reason not to use another
        if run.best is not None and not run.config.dry_run and not run.config.holdout:
            found.append((run.config.dataset == "mnist", run.best.test_accuracy, path.stat().st_mtime, path))
    if not found:
        raise UnreadableError(f"There is no trained model in {folder} yet; train one with: gradsheet train")
    return max(found)[-1]


def checkpoint_of(path: Path | str) -> Path:
    """A run folder's best.pt, or the .pt file itself."""
    path = Path(path)
    return path / BEST if path.is_dir() else path


def load_model(checkpoint: Path) -> tuple[MnistCNN, EpochRow, str]:
    """The model in float32, ready to predict, the row of its epoch, and what it was trained on."""
    weights, row, data_label = load_best(checkpoint)
    model = MnistCNN()
    model.load_state_dict(weights)
    return model.eval(), row, data_label


@lru_cache(maxsize=4)
def _loaded(checkpoint: Path, changed: int) -> tuple[MnistCNN, EpochRow, str]:
    return load_model(checkpoint)


def _current(checkpoint: Path) -> tuple[MnistCNN, EpochRow, str]:
    """`load_model`, read once, and again when the file changes."""
    try:
        return _loaded(checkpoint.resolve(), checkpoint.stat().st_mtime_ns)
    except FileNotFoundError as error:
        raise UnreadableError(no_checkpoint(checkpoint)) from error


def predict(pixels: object, run: Path | str | None = None) -> Prediction:
    """The digit in a 28×28 array of pixels from 0 (paper) to 255 (ink); an empty cell (None or "") is 0.

    run: a run folder or .pt file; None finds the checkpoint by the rule above. Raises GradsheetError for pixels of
    another size, no number, or out of range. A checkpoint is read once, and again when it changes.
    """
    image = check_pixels(pixels)
    checkpoint = checkpoint_of(run) if run is not None else find_checkpoint()
    model, _, data_label = _current(checkpoint)
    with torch.inference_mode():
        probabilities = log_probabilities(model, torch.from_numpy(image)[None])[0].double().softmax(0)
    return Prediction(int(probabilities.argmax()), tuple(probabilities.tolist()), data_label, checkpoint)


def check_pixels(pixels: object) -> np.ndarray:
    """The pixels as float32 (28, 28); CellValueError where they can't be an image."""
    sequence = list | tuple | np.ndarray
    rows = [
        list(row) if isinstance(row, sequence) else [row] for row in (pixels if isinstance(pixels, sequence) else [])
    ]
    if len(rows) != IMAGE_SIZE or any(len(row) != IMAGE_SIZE for row in rows):
        shape = f"{len(rows)} rows of {len(rows[0]) if rows else 0}"
        raise CellValueError(f"The pixels must be a range of {IMAGE_SIZE} rows and {IMAGE_SIZE} columns, not {shape}.")
    try:
        image = np.array([[0.0 if cell in (None, "") else float(cell) for cell in row] for row in rows], np.float32)
    except (TypeError, ValueError) as error:
        raise CellValueError("A pixel is not a number; give numbers from 0 to 255, or leave the cell empty.") from error
    if not ((image >= 0) & (image <= 255)).all():
        raise CellValueError("A pixel is outside 0 to 255; 0 is paper and 255 is ink.")
    return image


def examine(run: Run, data: Data | None = None) -> Examination:
    """Confusion matrix, accuracy of each digit and all mistakes of the run's best checkpoint, in float32 on the CPU.

    data: the run's data if it is in memory already; otherwise it is loaded from where the run had it.
    """
    config = run.config
    if data is None:
        limit = config.train_images if config.dry_run else None
        data = load(config.dataset, config.data_dir, holdout=config.holdout, limit=limit)
    model, row, data_label = _current(run.folder / BEST)
    images, labels = data.test_images.cpu(), data.test_labels.cpu().numpy()
    probabilities = log_probabilities(model, images).exp().numpy()
    predictions = probabilities.argmax(axis=1)
    confusion = np.zeros((CLASSES, CLASSES), np.int64)
    np.add.at(confusion, (labels, predictions), 1)
    with np.errstate(invalid="ignore"):
        digit_accuracy = 100 * np.diag(confusion) / confusion.sum(axis=1)
    confidences = probabilities.max(axis=1)
    wrong = np.flatnonzero(predictions != labels)
    wrong = wrong[np.argsort(-confidences[wrong], kind="stable")]
    return Examination(
        data_label=data_label,
        epoch=row.epoch,
        confusion=confusion,
        digit_accuracy=digit_accuracy,
        indices=wrong,
        images=images.numpy()[wrong],
        labels=labels[wrong],
        predictions=predictions[wrong],
        confidences=confidences[wrong],
    )
