"""A large network's sheet shows the derivation of the weight that a yellow cell names.

LibreOffice changes the cell and calculates; what it shows must be what `explain.lines` says of that weight.
"""

import pytest
from openpyxl import load_workbook

from workbook import build
from workbook.sheets import derivation_sheet
from workbook.sheets.chosen_weight import COLUMNS, SYMBOL_COLUMNS, TOP
from workbook.sheets.layout import Layout, sheet_name
from xlfuncs import explain
from xlfuncs.spec import Spec

RATES = [0.1]
FEW = [
    "3-6-4",
    "2-9-4 leaky-relu softmax cross-entropy bias=unit adam decay=0.01",
    "3-4-5-2 tanh relu mean-squared bias=layer",
]
MANY = [
    "5-6 mean-squared",
    "5-6 softmax cross-entropy bias=layer",
    "2-9-3 relu softmax half-squared bias=unit",
    "3-5-4 identity sigmoid binary-cross-entropy bias=layer",
    "3-4-1-5-4 tanh softmax cross-entropy bias=unit",
    "2-12-12-1 sigmoid squared bias=unit fixed-bias",
]
LARGEST = "20-40-20-10 tanh softmax cross-entropy bias=unit"


def numbers(count, scale):
    """Different ones, none of them 0."""
    return [scale * ((7 * k) % 23 - 11.5) / 11.5 for k in range(count)]


def built(line, path, formulas="native"):
    spec = Spec.parse(line)
    targets = [0.1 + 0.8 * k / spec.sizes[-1] for k in range(spec.sizes[-1])]
    network = spec.network(numbers(spec.sizes[0], 0.9), targets, numbers(spec.weight_count, 0.7))
    tables = build.compute(network, RATES, 2)
    build.save(path, network, tables, formulas=formulas)
    return network, Layout(network, 2), tables[0].first_row(network)


def shown(rows, panel):
    """The panel's lines: (symbol, text, number), empty ones left out."""
    found, row = [], TOP + 1
    for height in panel.heights:
        cells = rows[row - 1]
        at = panel.column - 1
        symbol, text, number = cells[at], cells[at + SYMBOL_COLUMNS], cells[at + COLUMNS - 1]
        if symbol or text or number != "":
            found.append((symbol, text.removeprefix("= "), number))
        row += height
    return found


def agrees(found, expected):
    assert [line[:2] for line in found] == [line[:2] for line in expected]
    for (symbol, _, number), (_, _, right) in zip(found, expected, strict=True):
        assert number == pytest.approx(right, rel=1e-12, abs=5e-16), symbol  # what is rounding only is 0 there


def in_libreoffice(line, chosen, folder, libreoffice):
    path = folder / "large.xlsx"
    network, layout, row = built(line, path)
    sheet = sheet_name(RATES[0])
    for learned in chosen(network):
        sheets = libreoffice.recalculate(path, {sheet: {layout.panel.choice: learned}})
        agrees(shown(sheets[sheet], layout.panel), explain.lines(network, learned, row))
        assert not [x for rows in sheets.values() for r in rows for x in r if str(x).startswith("error")], learned


def spread(network, count=4):
    """Names from the first to the last: the corners, and others between them."""
    learned = network.learned
    names = {0, len(learned) - 1, *(len(learned) * k // count for k in range(count))}
    biases = [name for name in learned if name.startswith("b")]
    return [*(learned[k] for k in sorted(names)), *biases[:1], *biases[-1:]]


@pytest.mark.parametrize("line", FEW)
def test_the_chosen_weights_derivation(line, tmp_path, libreoffice):
    in_libreoffice(line, spread, tmp_path, libreoffice)


@pytest.mark.slow
@pytest.mark.parametrize("line", [*FEW, *MANY])
def test_every_weights_derivation(line, tmp_path, libreoffice):
    in_libreoffice(line, lambda network: network.learned, tmp_path, libreoffice)


@pytest.mark.slow
@pytest.mark.parametrize("line", [LARGEST, LARGEST.replace("unit", "layer"), "20-30-12 bias=unit"])
def test_a_large_networks_derivations(line, tmp_path, libreoffice):
    in_libreoffice(line, lambda network: spread(network, 12), tmp_path, libreoffice)


@pytest.mark.parametrize("line", [*FEW, *MANY, LARGEST])
def test_the_cached_lines_are_those_of_the_first_weight(line, tmp_path):
    network, layout, row = built(line, tmp_path / "large.xlsx")
    rows = list(
        load_workbook(tmp_path / "large.xlsx", data_only=True)[sheet_name(RATES[0])].iter_rows(values_only=True)
    )
    cells = [["" if cell is None else cell for cell in row] for row in rows]
    agrees(shown(cells, layout.panel), explain.lines(network, "w1", row))


def test_every_cached_value_is_what_libreoffice_computes(tmp_path, libreoffice):
    path = tmp_path / "large.xlsx"
    built(FEW[1], path)
    sheets = libreoffice.recalculate(path)
    values, formulas = load_workbook(path, data_only=True), load_workbook(path)
    hidden = derivation_sheet.name_of(sheet_name(RATES[0]))
    assert formulas[hidden].sheet_state == "hidden"
    count = 0
    for sheet in (formulas[name] for name in sheets):
        for cell in (cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"):
            cached = values[sheet.title][cell.coordinate].value
            computed = sheets[sheet.title][cell.row - 1][cell.column - 1]
            text = cached is None or isinstance(cached, str)
            same = (cached or "") if text else pytest.approx(cached, rel=1e-12, abs=1e-16)
            assert computed == same, f"{sheet.title}!{cell.coordinate}"
            count += sheet.title == hidden
    assert count > 150


@pytest.mark.parametrize("given", ["w43", "w1.5", "", "b1", "w*"])
def test_a_wrong_name_gets_a_sentence(given, tmp_path, libreoffice):
    path = tmp_path / "large.xlsx"
    _, layout, _ = built("3-6-4", path)
    sheet = sheet_name(RATES[0])
    rows = libreoffice.recalculate(path, {sheet: {layout.panel.choice: given}})[sheet]
    assert shown(rows, layout.panel) == []
    said = rows[TOP - 1][layout.panel.column + SYMBOL_COLUMNS]
    assert said == f"There is no {given}: name w1 to w42."


@pytest.mark.parametrize("given", [" w17 ", "W17"])
def test_a_name_is_read_as_a_person_means_it(given, tmp_path, libreoffice):
    path = tmp_path / "large.xlsx"
    network, layout, row = built("3-6-4", path)
    sheet = sheet_name(RATES[0])
    rows = libreoffice.recalculate(path, {sheet: {layout.panel.choice: given}})[sheet]
    agrees(shown(rows, layout.panel), explain.lines(network, "w17", row))


def test_numbers_only(tmp_path):
    """Without formulas the first weight's derivation stands there, and nothing behind it."""
    network, layout, row = built("3-6-4", tmp_path / "large.xlsx", formulas="values")
    book = load_workbook(tmp_path / "large.xlsx")
    assert derivation_sheet.name_of(sheet_name(RATES[0])) not in book.sheetnames
    sheet = book[sheet_name(RATES[0])]
    cells = [["" if cell is None else cell for cell in row] for row in sheet.iter_rows(values_only=True)]
    agrees(shown(cells, layout.panel), explain.lines(network, "w1", row))
    assert not sheet.data_validations.dataValidation


def test_the_hidden_sheets_names_fit_excel():
    """31 characters; a learning rate may take 23."""
    assert len(derivation_sheet.name_of(sheet_name(1.2345678901234567e-100))) <= 31


def test_formulas_before_very_many_outputs_fit_excel(tmp_path, libreoffice):
    """A first layer's gradient has 150 terms; with the sheet's name before each cell it would outgrow a formula."""
    path = tmp_path / "large.xlsx"
    network, layout, row = built("2-3-150", path)
    cells = [cell for line in load_workbook(path)[derivation_sheet.name_of(sheet_name(RATES[0]))] for cell in line]
    lengths = [len(cell.value) for cell in cells if cell.data_type == "f"]
    assert 6_000 < max(lengths) <= 8_192
    sheet = sheet_name(RATES[0])
    rows = libreoffice.recalculate(path, {sheet: {layout.panel.choice: "w6"}})[sheet]
    agrees(shown(rows, layout.panel), explain.lines(network, "w6", row))
