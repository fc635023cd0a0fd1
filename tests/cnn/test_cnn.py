"""The network in cells against PyTorch in float64: every map and every gradient, in the file and recalculated."""

import re
import zipfile
from types import SimpleNamespace

import numpy as np
import openpyxl
import pytest
import torch
from openxml_audit import OpenXmlValidator, predict
from torch.nn import functional

from trainer.model import MnistCNN
from workbook.cnn import file, pad, top
from workbook.cnn.plan import CHOICE, CLASS, DIGIT, NORMALISED, SWITCH, plan
from workbook.cnn.sheet import BACKWARD, FORWARD, SHEETS, Shown

IMAGES = 20


@pytest.fixture(scope="module")
def model():
    """Random weights and statistics, so that nothing is 0 or 1 by chance of the start."""
    torch.manual_seed(5)
    found = MnistCNN().eval()
    with torch.no_grad():
        for layer in found.layers:
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.weight.uniform_(-1.5, 1.5)  # a trained scale may be negative
                layer.bias.uniform_(-0.3, 0.3)
                layer.running_mean.uniform_(0, 0.3)
                layer.running_var.uniform_(0.3, 1.2)
    return found


@pytest.fixture(scope="module")
def shown(model):
    """Strokes and noise on paper."""
    drawn = np.random.default_rng(3)
    images = np.zeros((IMAGES, 28, 28), np.uint8)
    for k, image in enumerate(images):
        image[6 : 22 - k % 5, 5 + k % 9 : 9 + k % 9] = 255
        image[10 + k % 6 : 13 + k % 6, 6:22] = drawn.integers(100, 256, (3, 16))
    return Shown(file.trained_of(model), images, np.arange(IMAGES) % 10)


@pytest.fixture(scope="module")
def book(shown, tmp_path_factory):
    path = tmp_path_factory.mktemp("cnn") / "cnn.xlsx"
    file.save(path, shown)
    return path


def same_everywhere(image, weight):
    """A convolution as a sum of shifted maps in one order, so that equal windows give equal numbers, as cells do.

    torch's own may round a flat background differently from place to place, and a pool then picks another cell of equals.
    """
    side = weight.shape[2]
    height, width = image.shape[1] - side + 1, image.shape[2] - side + 1
    found = []
    for kernels in weight:
        total = torch.zeros(height, width, dtype=torch.float64)
        for channel, kernel in zip(image, kernels, strict=True):
            for i in range(side):
                for j in range(side):
                    total = total + channel[i : i + height, j : j + width] * kernel[i, j]
        found.append(total)
    return torch.stack(found)


def by_autograd(model, image, chosen=None):
    """The maps behind each stage, ∂loss/∂(each convolution's sums or maps), ∂loss/∂pixel; float64."""
    pixels = torch.tensor(image, dtype=torch.float64, requires_grad=True)
    x = ((pixels / 255 - 0.1307) / 0.3081)[None]
    x.retain_grad()
    maps, kept = [x], [x]
    for layer in model.double().layers:
        if isinstance(layer, torch.nn.Conv2d):
            x = same_everywhere(x, layer.weight)
            x.retain_grad()
            kept.append(x)
            maps.append(x)
        elif isinstance(layer, torch.nn.Linear):
            x = layer(x.flatten())[:, None, None]
            x.retain_grad()
            kept.append(x)
            maps.append(x)
        elif isinstance(layer, torch.nn.MaxPool2d | torch.nn.AvgPool2d):
            x = layer(x[None])[0]
            x.retain_grad()
            kept.append(x)
            maps.append(x)
        else:
            x = layer(x[None])[0]
            maps[-1] = x
    logits = x.flatten()
    loss = -functional.log_softmax(logits, 0)[int(logits.argmax()) if chosen is None else chosen]
    loss.backward()
    return [m.detach().numpy() for m in maps], [k.grad.numpy() for k in kept], pixels.grad.numpy()


def read(rows, block):
    """A block of a sheet's values."""
    found = [
        row[block.column - 1 : block.column - 1 + block.width]
        for row in rows[block.row - 1 : block.row - 1 + block.height]
    ]
    return np.array(found, dtype=float)


def blocks_of(shown):
    return [(top.square(NORMALISED),), *(place.maps for place in plan(shown.trained.stages))]


def assert_same(sheets, shown, expected):
    """Every map, gradient and pixel to 1e-9 of its kind's largest."""
    maps, gradients, pixels = expected
    for blocks, values, slopes in zip(blocks_of(shown), maps, gradients, strict=True):
        for block, value, slope in zip(blocks, values, slopes, strict=True):
            assert np.abs(read(sheets[FORWARD], block) - value).max() <= 1e-9 * np.abs(values).max()
            assert np.abs(read(sheets[BACKWARD], block) - slope).max() <= 1e-9 * np.abs(slopes).max()
    assert np.abs(read(sheets[BACKWARD], top.square(DIGIT)) - pixels).max() <= 1e-9 * np.abs(pixels).max()


def values_of(path):
    book = openpyxl.load_workbook(path, data_only=True)
    return {sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book}


def test_the_written_values_are_autograds(book, shown, model):
    assert_same(values_of(book), shown, by_autograd(model, shown.images[0]))


@pytest.mark.parametrize(
    ("digit", "chosen"), [(10, 3), *(pytest.param(k, None, marks=pytest.mark.slow) for k in range(1, IMAGES + 1))]
)
def test_libreoffice_calculates_every_map_and_gradient(libreoffice, book, shown, model, digit, chosen):
    changes = {CHOICE.cell(): digit} | ({} if chosen is None else {CLASS.cell(): chosen})
    found = libreoffice.recalculate(book, {FORWARD: changes})
    expected = by_autograd(model, shown.images[digit - 1], chosen)
    assert_same(found, shown, expected)
    logits = expected[0][-1].ravel()
    assert cell(found[FORWARD], top.SAID.cell()) == logits.argmax()
    shares = [cell(found[FORWARD], top.cell_of("probability", k)) for k in range(10)]
    assert shares == pytest.approx(torch.tensor(logits).softmax(0).tolist(), abs=1e-12)
    assert cell(found[FORWARD], top.IN_WORDS.cell()) == f"It is {max(shares):.2%} sure."


def cell(rows, ref):
    column, row = openpyxl.utils.cell.coordinate_from_string(ref)
    return rows[row - 1][openpyxl.utils.column_index_from_string(column) - 1]


def test_a_broken_kernel_shows_and_gradients_can_be_switched_off(libreoffice, book, shown, model):
    place = plan(shown.trained.stages)[1]
    kernel = place.kernels[5][3].cell(1, 1)
    found = libreoffice.recalculate(book, {FORWARD: {kernel: 9.0, SWITCH.cell(): "off"}})
    maps = by_autograd(model, shown.images[0])[0]
    wrong = [k for k, b in enumerate(place.maps) if np.abs(read(found[FORWARD], b) - maps[2][k]).max() > 1e-6]
    assert wrong == [5]
    assert np.abs(read(found[FORWARD], blocks_of(shown)[-1][0]) - maps[-1][0]).max() > 1e-6
    assert not any(read(found[BACKWARD], block).any() for blocks in blocks_of(shown) for block in blocks)


def test_a_second_engine_gives_the_same(book, shown, model):
    import formualizer as fz

    recalculated = fz.load_workbook(str(book))
    recalculated.evaluate_all()
    expected = by_autograd(model, shown.images[0])
    for blocks, values, slopes in zip(blocks_of(shown), *expected[:2], strict=True):
        for block, value, slope in zip(blocks, values, slopes, strict=True):
            for name, right in ((FORWARD, value), (BACKWARD, slope)):
                r, c = block.height // 2, block.width // 3
                found = recalculated.get_value(name, block.row + r, block.column + c)
                assert found == pytest.approx(
                    right[r, c], rel=1e-9, abs=1e-9 * np.abs(slopes if name == BACKWARD else values).max()
                )


def test_the_file_is_small_and_openable(book, shown):
    import pandas as pd
    import python_calamine

    assert book.stat().st_size < 2_000_000
    assert openpyxl.load_workbook(book)[FORWARD][plan(shown.trained.stages)[0].maps[0].cell()].value.startswith(
        "=MAX(0,"
    )
    assert pd.read_excel(book, sheet_name=FORWARD).shape[0] > 300
    assert python_calamine.CalamineWorkbook.from_path(str(book)).sheet_names == list(SHEETS)


def test_a_blank_pad_is_no_digit(libreoffice, book):
    blank = {pad.GRID.cell(r, c): "" for r in range(28) for c in range(28)}
    found = libreoffice.recalculate(book, {pad.PAD: blank})
    assert cell(found[FORWARD], top.SAID.cell()) == cell(found[pad.PAD], pad.ANSWER.replace("4", "5")) == "–"
    assert "no digit to name" in cell(found[FORWARD], top.IN_WORDS.cell())


def test_excel_would_not_repair_it(book):
    assert predict(OpenXmlValidator().validate(str(book))).prediction.value == "opens-clean"


def test_same_bytes(book, shown, tmp_path):
    file.save(tmp_path / "again.xlsx", shown)
    assert (tmp_path / "again.xlsx").read_bytes() == book.read_bytes()


def test_numbers_alone(shown, tmp_path):
    """--formulas values, as a benchmark and other tools use it: the same numbers, no formula."""
    file.save(tmp_path / "numbers.xlsx", shown, "values")
    with zipfile.ZipFile(tmp_path / "numbers.xlsx") as package:
        assert not any(b"<f>" in package.read(f"xl/worksheets/sheet{k}.xml") for k in range(1, 5))


def test_formulas_are_older_than_2010(book):
    with zipfile.ZipFile(book) as package:
        assert b"_xlfn" not in package.read("xl/worksheets/sheet1.xml") + package.read("xl/worksheets/sheet2.xml")


def test_a_drawn_pixel_is_followed(libreoffice, book, shown, model):
    """And the sheet Draw says what the sheet CNN says, unless another digit is chosen there."""
    image = shown.images[0].copy()
    image[3, 4], image[20, 20] = 200, 0
    drawn = {pad.GRID.cell(3, 4): 200, pad.GRID.cell(20, 20): 0}
    found = libreoffice.recalculate(book, {pad.PAD: drawn})
    logits = by_autograd(model, image)[0][-1].ravel()
    assert [read(found[FORWARD], block).item() for block in blocks_of(shown)[-1]] == pytest.approx(
        logits.tolist(), rel=1e-9
    )
    said = pad.ANSWER.replace("4", "5")
    assert cell(found[pad.PAD], said) == logits.argmax()
    assert cell(libreoffice.recalculate(book, {FORWARD: {CHOICE.cell(): 2}})[pad.PAD], said) == "–"


def test_examples_are_the_first_of_each_class_then_the_second():
    labels = torch.tensor([3, 1, 3, 0, 1, 3, 0])
    data = SimpleNamespace(test_labels=labels, test_images=torch.arange(7)[:, None, None].expand(7, 28, 28))
    images, shown = file.examples(data, 5)
    assert shown.tolist() == [0, 1, 3, 0, 1] and images[:, 0, 0].tolist() == [3, 1, 0, 6, 4]


def test_a_full_bar_is_a_probability_of_1(book):
    """Each cell of a bar is filled if the probability is that large; of ten bars, each in the row of its digit."""
    bars = {}
    for area in openpyxl.load_workbook(book)[FORWARD].conditional_formatting:
        for rule in area.rules:
            if rule.type == "expression":
                cells, steps, share, first = re.fullmatch(
                    r"(\S+) ROUND\((\d+)\*\$([A-Z]+\$\d+),0\)>COLUMN\(\)-(\d+)", f"{area.sqref} {rule.formula[0]}"
                ).groups()
                left, _, right, _ = openpyxl.utils.range_boundaries(cells)
                assert right - left + 1 == int(steps) and left == int(first)
                bars[share.replace("$", "")] = cells
    assert list(bars) == [top.cell_of("probability", k) for k in range(10)]
