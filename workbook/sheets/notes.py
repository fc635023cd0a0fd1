"""Mean things said plainly on Start: dead ReLUs, saturated units, a learning rate that diverges or doesn't learn.

Each is a sentence that formulas put together from the learning-rate sheets' columns, so it comes and goes as cells
change; a healthy network has none. A hidden sheet counts since when each unit is at its end; Start shows the sentences
that there are, one below the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from workbook.parts.page import Page
from workbook.parts.references import a1, absolute, quoted
from workbook.parts.texts import plain
from workbook.sheets.layout import START, Layout, sheet_name
from workbook.sheets.rate_table import RateTable
from workbook.sheets.start_layout import StartLayout
from xlfuncs.network import DEFAULT, Network

NOTES = "Notes"
DEAD, SATURATED = "dead", "saturated"
STATE = {DEAD: " has been 0", SATURATED: " has been saturated"}
MEANING = {
    DEAD: ". A dead ReLU passes no gradient back: the weights into it no longer change.",
    SATURATED: ", while E_total is still there. Where an activation is flat, the weights into it hardly change.",
}
OVERFLOW = ": the numbers are too large for a cell from iteration {} on. The steps are too large; use a smaller ɳ."
GROWS = ": E_total is higher at the end than at the beginning. The steps are too large; use a smaller ɳ."
STUCK = ": E_total has hardly changed. A larger ɳ, more iterations or other start weights may help."
END = 1e-3  # nearer than this to 0 or 1 (σ), -1 or 1 (tanh) a unit is saturated
HIT = 0.1  # nearer than this to its target an output is where it should be
GROWN, UNCHANGED, LEARNED, NOTHING = 1.001, 0.99, 0.1, 1e-6  # of E_total: its share at the end; too small to look at
NAMED = 3  # units in a sentence; the others are counted
MOST_LINES = 10

# The hidden sheet: two columns a learning rate, a row a unit; below them the sentences.
NAME_ROW, ERRORS_ROW, UNITS_ROW, FIRST_COLUMN = 4, 5, 8, 3


@dataclass(frozen=True)
class Watched:
    """A unit that may come to an end of its activation, `kind`. Whether it is not there: in a formula over the cells of
    its columns, and in numbers, from `columns`: its own, and of an output also its target's."""

    unit: str
    kind: str
    columns: tuple[str, ...]
    awake: Callable[..., str]
    is_awake: Callable[..., np.ndarray]


def watched(network: Network) -> list[Watched]:
    """The units whose activation has a flat part, ReLUs first."""
    found = []
    for depth, layer in enumerate(network.layers):
        is_output = depth == len(network.layers) - 1
        for row, unit in enumerate(network.unit_names(depth)):
            own = (f"a_{unit}",)
            match layer.activation:
                case "relu":
                    found.append(Watched(unit, DEAD, own, lambda a: f"({a}>0)", lambda a: a > 0))
                case "sigmoid" | "tanh" as activation if not is_output:
                    found.append(Watched(unit, SATURATED, own, *_between(activation)))
                case "sigmoid" | "tanh" as activation if not network.loss.endswith("cross-entropy"):
                    both = (*own, network.target_names[row])
                    found.append(Watched(unit, SATURATED, both, *_between_or_right(activation)))
    return sorted(found, key=lambda unit: unit.kind)


def _between(activation: str) -> tuple[Callable[[str], str], Callable[[np.ndarray], np.ndarray]]:
    """Neither near the activation's lower end nor near its upper one."""
    if activation == "tanh":
        return lambda a: f"(ABS({a})<{1 - END:g})", lambda a: np.abs(a) < 1 - END
    return lambda a: f"({a}>{END:g})*({a}<{1 - END:g})", lambda a: (a > END) & (a < 1 - END)


def _between_or_right(activation: str) -> tuple[Callable[[str, str], str], Callable[..., np.ndarray]]:
    """The same of an output, which may be near an end if its target is."""
    written, found = _between(activation)
    return (
        lambda a, t: f"({written(a)}+(ABS({t}-{a})<{HIT:g})>0)",
        lambda a, t: found(a) | (np.abs(t - a) < HIT),
    )


def wanted(layout: Layout, tables: list[RateTable]) -> bool:
    """Whether a workbook has notes. The exercise's stays as it is, byte by byte, unless there is something to say."""
    return layout.network != DEFAULT or any(_all_notes(layout.network, tables))


def write(page: Page, layout: Layout, tables: list[RateTable], row: int) -> int:
    """Put the notes on Start below `row`; returns the last row that they may need."""
    notes = [note for note in _all_notes(layout.network, tables) if note]
    lines = _lines(tables)
    hidden = quoted(NOTES)
    texts, counts = (f"{hidden}!{cells}" for cells in _list_cells(layout.network, tables))
    total = f"MAX({counts})"
    page.formula(f"B{row + 1}", f'IF({total}=0,"","What to notice")', "What to notice" if notes else "", "heading")
    for k in range(1, lines + 1):
        formula, value = f'IFERROR(INDEX({texts},MATCH({k},{counts},0)),"")', notes[k - 1] if k <= len(notes) else ""
        if k == lines and len(tables) * 3 > lines:
            more = f'"… and "&({total}-{lines - 1})&" more of this kind."'
            formula = f"IF({total}>{lines},{more},{formula})"
            value = f"… and {len(notes) - lines + 1} more of this kind." if len(notes) > lines else value
        page.formula(f"B{row + 1 + k}", formula, value)
    return row + 1 + lines


def _lines(tables: list[RateTable]) -> int:
    return min(3 * len(tables), MOST_LINES)


# --- in numbers ---


def _all_notes(network: Network, tables: list[RateTable]) -> list[str]:
    """Every sentence, "" where there is nothing to say: three a learning rate."""
    return [note for table in tables for note in _notes(network, table)]


def _notes(network: Network, table: RateTable) -> Iterator[str]:
    first, last = table.ends(network)
    rate = f"ɳ = {plain(table.learning_rate)}"
    grown, stuck = last > GROWN * first, first > NOTHING and last > UNCHANGED * first
    yield rate + GROWS if grown else rate + STUCK if stuck else ""
    for kind in (DEAD, SATURATED):
        units = [(unit, since(network, table, unit)) for unit in watched(network) if unit.kind == kind]
        yield _sentence(rate, kind, [(unit.unit, at) for unit, at in units if at], hidden=_hides(kind, first, last))


def _hides(kind: str, first: float, last: float) -> bool:
    """A saturated unit of a network that has learned is none to speak of."""
    return kind == SATURATED and not last > LEARNED * first


def since(network: Network, table: RateTable, unit: Watched) -> int:
    """The iteration since which a unit has been at its end, 0 where it isn't at last: for any of the samples."""
    columns = (table.table[:, network.column_names.index(name)] for name in unit.columns)
    awake, batch = np.flatnonzero(unit.is_awake(*columns)), table.blocks.batch
    asleep_from = int(awake[-1]) // batch + 2 if awake.size else 1
    return asleep_from if asleep_from <= len(table.table) // batch + 1 - table.blocks.turn else 0


def _sentence(rate: str, kind: str, units: list[tuple[str, int]], *, hidden: bool) -> str:
    if hidden or not units:
        return ""
    more = f" and {len(units) - NAMED} more" if len(units) > NAMED else ""
    return f"{rate}: {_named(kind, units)}{more}{MEANING[kind]}"


def _named(kind: str, units: list[tuple[str, int]]) -> str:
    """h2 has been 0 since iteration 12, h3 since iteration 20."""
    named = [f"{unit}{'' if k else STATE[kind]} since iteration {at}" for k, (unit, at) in enumerate(units[:NAMED])]
    return ", ".join(named)


# --- in formulas: the hidden sheet ---


def _list_cells(network: Network, tables: list[RateTable]) -> tuple[str, str]:
    """The cells of all sentences, three a learning rate, and of how many of them say something so far."""
    top = UNITS_ROW + len(watched(network)) + 3
    bottom = top + 3 * len(tables) - 1
    return f"$A${top}:$A${bottom}", f"$B${top}:$B${bottom}"


def write_hidden(page: Page, layout: Layout, tables: list[RateTable]) -> None:
    """Fill the hidden sheet: since when each unit is at its end, the sentences, and which of them say something."""
    network = layout.network
    page.sheet.sheet_state = "hidden"
    page.put("A1", "The notes on Start, put together", "heading")
    page.put(
        "A2", "A row a unit: the iteration since which it has been at its end (0: it isn't), and the words.", "note"
    )
    units = watched(network)
    for k, unit in enumerate(units):
        page.put(f"A{UNITS_ROW + k}", unit.unit, "label left")
        page.put(f"B{UNITS_ROW + k}", unit.kind, "label left")
    top = UNITS_ROW + len(units) + 3
    notes = _all_notes(network, tables)
    for k, table in enumerate(tables):
        for place, formula in enumerate(_rate_formulas(page, layout, units, table, k)):
            at = top + 3 * k + place
            page.formula(f"A{at}", formula, notes[at - top])
            before = f"B{at - 1}+" if at > top else ""
            page.formula(f"B{at}", f'{before}IF(A{at}="",0,1)', sum(map(bool, notes[: at - top + 1])))


def _rate_formulas(page: Page, layout: Layout, units: list[Watched], table: RateTable, k: int) -> list[str]:
    """A learning rate's columns of the hidden sheet; returns the formulas of its three sentences."""
    sheet, column, network = sheet_name(table.learning_rate), FIRST_COLUMN + 2 * k, layout.network
    name, first, last = (a1(row, column, "rc") for row in (NAME_ROW, ERRORS_ROW, ERRORS_ROW + 1))
    ends = table.ends(network)
    row = StartLayout(network).table_row + 1 + k
    eta = f"{quoted(sheet)}!{absolute(layout.learning_rate)}"
    page.formula(name.replace("$", ""), f'"ɳ = "&{eta}', f"ɳ = {plain(table.learning_rate)}")
    page.formula(first.replace("$", ""), f"{START}!D{row}", float(ends[0]))
    page.formula(last.replace("$", ""), f"{START}!E{row}", float(ends[1]))
    steps = layout.steps_range(sheet)
    for kind in (DEAD, SATURATED):
        _unit_formulas(page, layout, table, column, {u: UNITS_ROW + k for k, u in enumerate(units) if u.kind == kind})
    before, after = OVERFLOW.split("{}")
    overflow = f'{name}&"{before}"&INDEX({steps},COUNT({layout.curve_range(sheet)})+1)&"{after}"'
    stuck = f'IF(AND({first}>{NOTHING:f},{last}>{UNCHANGED}*{first}),{name}&"{STUCK}","")'
    learning = f'IF(ISERROR({last}),{overflow},IF({last}>{GROWN}*{first},{name}&"{GROWS}",{stuck}))'
    return [learning, *(_kind_formula(units, kind, column, (name, first, last)) for kind in (DEAD, SATURATED))]


def _unit_formulas(page: Page, layout: Layout, table: RateTable, column: int, rows: dict[Watched, int]) -> None:
    """Since when each unit of a kind is at its end, and the words about it and those above it."""
    sheet = sheet_name(table.learning_rate)
    steps, top = layout.column_range("iteration", sheet), min(rows.values(), default=0)
    a_turn = f"-{layout.blocks.turn - 1}" if layout.blocks.turn > 1 else ""  # so many more, and all samples were seen
    found: list[tuple[str, int]] = []
    for unit, row in rows.items():
        cells = [layout.column_range(name, sheet) for name in unit.columns]
        # SUMPRODUCT makes the comparison run over the column without an array formula.
        filled = f'*({cells[0]}<>"")' if layout.blocks.has_mean else ""  # the rows of means have no activations
        awake = f"SUMPRODUCT(MAX({unit.awake(*cells)}{filled}*{steps}))"
        begun = since(layout.network, table, unit)
        at = a1(row, column)
        page.formula(at, f"IFERROR(IF({awake}>=MAX({steps}){a_turn},0,{awake}+1),0)", begun)
        count = f'COUNTIF({a1(top, column, "r")}:{at},">0")'
        opening = f'IF({count}=1,"{STATE[unit.kind]}","")'
        words = f'IF({count}>1,", ","")&"{unit.unit}"&{opening}&" since iteration "&{at}'
        so_far = f"{a1(row - 1, column + 1)}&" if row > top else ""
        found += [(unit.unit, begun)] if begun else []
        formula = f'{so_far}IF(AND({at}>0,{count}<={NAMED}),{words},"")'
        page.formula(a1(row, column + 1), formula, _named(unit.kind, found))


def _kind_formula(units: list[Watched], kind: str, column: int, cells: tuple[str, str, str]) -> str:
    """The sentence about all units of a kind."""
    rows = [UNITS_ROW + k for k, unit in enumerate(units) if unit.kind == kind]
    if not rows:
        return '""'
    name, first, last = cells
    words = a1(rows[-1], column + 1, "rc")
    count = f'COUNTIF({a1(rows[0], column, "rc")}:{a1(rows[-1], column, "rc")},">0")'
    more = f'IF({count}>{NAMED}," and "&({count}-{NAMED})&" more","")'
    shown = f"{count}>0"
    if kind == SATURATED:
        shown = f"AND({shown},IFERROR({last}>{LEARNED}*{first},FALSE))"
    return f'IF({shown},{name}&": "&{words}&{more}&"{MEANING[kind]}","")'
