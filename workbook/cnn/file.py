"""`gradsheet cnn`: a workbook with the trained network of a run alone."""

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


def save(path: Path | str, shown: Shown, formulas: str = NATIVE) -> None:
    """Write the workbook, whole or not at all. Raises GradsheetError."""
    book = Workbook()
    book.remove(book.active)
    styles.register(book)
    pages = [Page(book.create_sheet(name), formulas) for name in SHEETS]
    write(*pages, shown)
    book.properties.creator, book.properties.title = "gradsheet", "A trained network, cell by cell"
    with Output(path).open() as file:
        finish.write(book, pages, file, lambda rows: None, formulas=formulas, run_sheets={})
