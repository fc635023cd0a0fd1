"""A workbook with the trained network of a run alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from openpyxl import Workbook

from workbook.cnn.sheet import SHEETS, Shown, write
from workbook.cnn.stages import Trained, stages_of
from workbook.existing.origin import Output
from workbook.parts import finish, styles
from workbook.parts.page import NATIVE, Page
from xlfuncs.errors import MissingPackageError, RunError

if TYPE_CHECKING:
    from trainer.data import Data
    from trainer.model import MnistCNN

EXAMPLES = 20


def trained_of(model: MnistCNN) -> Trained:
    """The network's numbers as a sheet needs them."""
    from trainer.step import MEAN, STD

    return Trained(stages_of(list(model.layers)), MEAN, STD)


def examples(data: Data, count: int = EXAMPLES) -> tuple[np.ndarray, np.ndarray]:
    """Test images with their labels: the first of each class, then the second, as many as wanted."""
    labels = data.test_labels.cpu().numpy()
    rank = np.zeros(len(labels), int)
    for label in np.unique(labels):
        of_class = labels == label
        rank[of_class] = np.arange(of_class.sum())
    chosen = np.lexsort((labels, rank))[:count]
    return data.test_images.cpu().numpy()[chosen], labels[chosen]


def of_run(folder: Path | str | None = None) -> tuple[Shown, str]:
    """What the sheets show of a run's best network, and that network in words; None is the best one of the user's runs.

    Raises GradsheetError where there is none, it is damaged, its data can't be had, or torch is missing.
    """
    try:
        from trainer.data import load
        from trainer.predict import checkpoint_of, find_checkpoint, load_model
        from trainer.run import load_run
    except ImportError as error:
        raise MissingPackageError.of(error.name, "gradsheet cnn") from error
    checkpoint = checkpoint_of(folder) if folder is not None else find_checkpoint()
    run = load_run(checkpoint.parent)
    if run.best is None:
        raise RunError(f"{run.folder} has no finished epoch yet; train on: gradsheet train --resume {run.folder}")
    model, row, label = load_model(checkpoint)
    config = run.config
    data = load(config.dataset, config.data_dir, limit=config.train_images if config.dry_run else None)
    about = f"the network of epoch {row.epoch}, {row.test_accuracy:.2f} % right, trained on {label}"
    return Shown(trained_of(model), *examples(data)), about


def save(path: Path | str, shown: Shown, formulas: str = NATIVE) -> None:
    """Write the workbook, whole or not at all. Raises GradsheetError."""
    write_into(Output(path), shown, formulas)


def write_into(output: Output, shown: Shown, formulas: str = NATIVE) -> None:
    """Write the workbook to where `output` allows it."""
    book = Workbook()
    book.remove(book.active)
    styles.register(book)
    pages = [Page(book.create_sheet(name), formulas) for name in SHEETS]
    write(dict(zip(SHEETS, pages, strict=True)), shown)
    book.properties.creator, book.properties.title = "gradsheet", "A trained network, cell by cell"
    with output.open() as file:
        finish.write(book, pages, file, lambda rows: None, formulas=formulas, run_sheets={})
