"""What the workbook shows of a training run, gathered from the run's folder as plain data."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trainer.log import EpochRow
from trainer.published import PUBLISHED_LOG, PublishedRow
from xlfuncs.errors import GradsheetError, MissingPackageError

if TYPE_CHECKING:
    from trainer.model import LayerRow
    from trainer.predict import Examination, Prediction
    from trainer.run import Run


@dataclass(frozen=True)
class Pad:
    """A test digit and what the model says of it: image uint8 (28, 28), its label, the prediction."""

    image: np.ndarray
    label: int
    prediction: "Prediction"


@dataclass(frozen=True)
class RunReport:
    """A run: its folder, its settings as (name, value), its log, and what its best checkpoint does.

    `epochs` is how many it is to have, `rows` are those that are done.
    `published` is empty unless the run is on MNIST; `graph` is the autograd graph as PNG, or None, and then
    `graph_note` says why. `examination` and `pad` are None before the first epoch is done.
    """

    folder: str
    title: str
    data_label: str
    settings: tuple[tuple[str, str | float], ...]
    test_images: int
    epochs: int
    rows: tuple[EpochRow, ...]
    best: EpochRow | None
    published: tuple[PublishedRow, ...]
    layers: "tuple[LayerRow, ...]"
    graph: bytes | None
    graph_note: str
    examination: "Examination | None"
    pad: Pad | None


def of_folder(folder: Path | str) -> RunReport:
    """The report on a run's folder. Raises GradsheetError where it holds no run, a damaged one, or torch is missing."""
    try:
        from trainer.run import load_run
    except ImportError as error:
        raise MissingPackageError.of(error.name, "Reading a run") from error
    return of_run(load_run(folder))


def of_run(run: "Run") -> RunReport:
    """The report on a run that is loaded or training. Raises GradsheetError where its data can't be had."""
    from trainer.model import MnistCNN, layer_rows
    from trainer.predict import examine

    config = run.config
    examination = pad = None
    if run.best is not None:
        limit = config.train_images if config.dry_run else None
        data = _data(config.dataset, config.data_dir, config.holdout, limit)
        examination = examine(run, data)
        pad = _pad(run, data)
    graph, note = _graph()
    return RunReport(
        folder=str(Path(run.folder).resolve()),
        title=f"A CNN on {config.data_label}, recipe {config.recipe.name}",
        data_label=config.data_label,
        settings=_settings(run),
        test_images=config.test_images,
        epochs=config.recipe.epochs,
        rows=tuple(run.rows),
        best=run.best,
        published=PUBLISHED_LOG if config.dataset == "mnist" and not config.holdout and not config.dry_run else (),
        layers=tuple(layer_rows(MnistCNN())),
        graph=graph,
        graph_note=note,
        examination=examination,
        pad=pad,
    )


@lru_cache(maxsize=1)
def _data(dataset: str, folder: str | None, holdout: int, limit: int | None):
    """The run's data, read once for all its epochs."""
    from trainer.data import load

    return load(dataset, folder, holdout=holdout, limit=limit)


def _settings(run: "Run") -> tuple[tuple[str, str | float], ...]:
    config, recipe = run.config, run.config.recipe
    return (
        ("Recipe", recipe.name),
        ("Data", config.data_label),
        ("Device", config.device_name),
        ("Epochs", f"{len(run.rows)} of {recipe.epochs}"),
        ("Batch size", recipe.batch_size),
        ("Learning rate", recipe.learning_rate),
        ("Seed", config.seed),
        ("PyTorch", config.versions.get("torch", "")),
    )


def _pad(run: "Run", data) -> Pad:
    """The first test digit, with the prediction of the run's best checkpoint."""
    from trainer.predict import predict

    image = data.test_images[0].cpu().numpy()
    return Pad(image, int(data.test_labels[0]), predict(image, run.folder))


@lru_cache(maxsize=1)
def _graph() -> tuple[bytes | None, str]:
    """The autograd graph, which is the same for every run, or why it can't be drawn."""
    from trainer.graph import autograd_graph

    try:
        return autograd_graph(), ""
    except GradsheetError as error:
        return None, str(error)
