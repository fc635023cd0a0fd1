"""The sheet Samples: the yellow cells that every table takes its samples from, and what each learning rate made of it.

An output is that of its sample's last row on the learning rate's sheet: with all samples in each iteration, the last
block's.
"""

from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import column_index_from_string, get_column_letter

from workbook.parts.page import OVERVIEW_TAB, Page
from workbook.sample_data import Samples
from workbook.sheets.layout import COLUMN_CHARS, ITERATION_CHARS, START, Layout, quoted, sheet_name
from workbook.sheets.rate import only_numbers
from workbook.sheets.rate_table import RateTable
from workbook.sheets.samples_layout import SAMPLES, SamplesLayout

YES, NO, NEVER = "yes", "no", "–"
GAP_CHARS = 3
PRINTED_COLUMNS = 12  # at least, so that the sentences on top are whole


def write(page: Page, layout: Layout, samples: Samples, tables: list[RateTable]) -> None:
    """Fill the page."""
    where = SamplesLayout(layout.network, layout.blocks.samples)
    page.prepare(OVERVIEW_TAB)
    page.put("B1", SAMPLES, "title")
    page.sheet.row_dimensions[1].height = 34
    page.put(
        "B2", "Every table takes them from the yellow cells: change one and all sheets follow." * page.live, "note"
    )
    page.put("B3", "Right of them stand the outputs of each sample's last row on each sheet.", "note")
    page.link("B4", START, f"{quoted(START)}!A1")
    page.sheet.column_dimensions["A"].width = 2
    page.sheet.column_dimensions["B"].width = ITERATION_CHARS
    _given(page, where, samples)
    for k, table in enumerate(tables):
        _outputs(page, layout, where, k, table, samples)
    page.sheet.freeze_panes = f"C{where.first_row}"
    page.sheet.print_title_rows = f"{where.HEADER_ROW - 1}:{where.HEADER_ROW}"
    right = max(column_index_from_string(where.outputs(len(tables) - 1)[-1]), PRINTED_COLUMNS)
    page.sheet.print_area = f"A1:{get_column_letter(right)}{where.last_row}"


def is_right(target: tuple[float, ...], output: list[float]) -> bool:
    """Whether an output says what its target says: the nearer of 0 and 1, or the largest of several."""
    if len(target) == 1:
        return abs(target[0] - output[0]) < 0.5
    return output[target.index(1.0)] == max(output)


def right_count(layout: Layout, samples: Samples, table: RateTable) -> int:
    """How many samples a learning rate has right at last."""
    seen = [k for k in range(layout.blocks.samples) if _last_row(layout, k) is not None]
    return sum(is_right(samples.targets[k], _outputs_at_last(layout, table, k)) for k in seen)


def _given(page: Page, where: SamplesLayout, samples: Samples) -> None:
    heads = [("B", "Sample", "iteration"), *((where.column(n), n, "input") for n in where.variables)]
    for letter, head, group in heads:
        page.put(f"{letter}{where.HEADER_ROW}", head, f"head {group}")
        if letter != "B":
            page.sheet.column_dimensions[letter].width = COLUMN_CHARS
    for k, numbers in enumerate(zip(samples.inputs, samples.targets, strict=True)):
        row = where.first_row + k
        page.put(f"B{row}", k + 1, "body iteration")
        for name, value in zip(where.variables, (*numbers[0], *numbers[1]), strict=True):
            page.put(f"{where.column(name)}{row}", float(value), "change" if page.live else "linked")
    first, last = where.column(where.variables[0]), where.column(where.variables[-1])
    cells = f"{first}{where.first_row}:{last}{where.last_row}"
    if page.live:
        only_numbers(page, cells, "Inputs and targets are numbers, such as 0.15.")


def _outputs(page: Page, layout: Layout, where: SamplesLayout, k: int, table: RateTable, samples: Samples) -> None:
    """What a learning rate made of each sample, and whether it is right where that can be said."""
    sheet, names = sheet_name(table.learning_rate), layout.network.activation_names(-1)
    gap, *letters, mark = where.outputs(k)
    page.link(f"{letters[0]}{where.HEADER_ROW - 1}", sheet, f"{quoted(sheet)}!A1")
    widths = {gap: GAP_CHARS, mark: ITERATION_CHARS if samples.are_classes else GAP_CHARS}
    for letter, width in (widths | dict.fromkeys(letters, COLUMN_CHARS)).items():
        page.sheet.column_dimensions[letter].width = width
    for letter, name in zip(letters, names, strict=True):
        page.put(f"{letter}{where.HEADER_ROW}", name, "head output")
    if samples.are_classes:
        page.put(f"{mark}{where.HEADER_ROW}", "right?", "head output")
    for sample, target in enumerate(samples.targets):
        at, row = _last_row(layout, sample), where.first_row + sample
        if at is None:
            for letter in letters:
                page.put(f"{letter}{row}", NEVER, "table")
            continue
        outputs = _outputs_at_last(layout, table, sample)
        for letter, name, value in zip(letters, names, outputs, strict=True):
            page.formula(f"{letter}{row}", f"{quoted(sheet)}!{layout.cell(name, at)}", value, "body output")
        if samples.are_classes:
            answer = YES if is_right(target, outputs) else NO
            page.formula(f"{mark}{row}", _right_formula(where, letters, row), answer, "right")
    page.numbers(f"{letters[0]}{where.first_row}:{letters[-1]}{where.last_row}")
    wrong = CellIsRule("equal", [f'"{NO}"'], font=Font(color="9C0006", bold=True), fill=PatternFill(bgColor="FFC7CE"))
    if samples.are_classes:
        page.sheet.conditional_formatting.add(f"{mark}{where.first_row}:{mark}{where.last_row}", wrong)


def _right_formula(where: SamplesLayout, letters: list[str], row: int) -> str:
    """As `is_right`."""
    names = where.network.target_names
    first, last = where.column(names[0]), where.column(names[-1])
    if len(letters) == 1:
        return f'IF(ABS({first}{row}-{letters[0]}{row})<0.5,"{YES}","{NO}")'
    outputs = f"{letters[0]}{row}:{letters[-1]}{row}"
    return f'IF(SUMPRODUCT({first}{row}:{last}{row},{outputs})=MAX({outputs}),"{YES}","{NO}")'


def _last_place(layout: Layout, sample: int) -> int | None:
    """The last of all rows with samples that has this one, from 0; None where its turn never came."""
    rows, count = layout.iterations * layout.blocks.batch, layout.blocks.samples
    last = (rows - 1 - sample) // count * count + sample
    return last if sample < rows else None


def _last_row(layout: Layout, sample: int) -> int | None:
    """The row on a learning rate's sheet where a sample stands last."""
    place = _last_place(layout, sample)
    return None if place is None else layout.row_of(place // layout.blocks.batch + 1, place % layout.blocks.batch)


def _outputs_at_last(layout: Layout, table: RateTable, sample: int) -> list[float]:
    """The outputs in that row."""
    columns = [layout.network.column_names.index(name) for name in layout.network.activation_names(-1)]
    return table.table[_last_place(layout, sample), columns].tolist()
