"""What the cells of a workbook give when every formula is calculated anew, by an engine that shares nothing with the
checker: formualizer reads the package, the formulas and their references by itself.

It stands in for the spreadsheet program, so that a mended copy is proved before it is written. (`formulas` would import
scipy, and pycel makes Python source of a stranger's formulas; both read with openpyxl, which refuses some files.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from workbook.check.read.book import Place
from workbook.parts.zip_parts import MAX_PART, MAX_TOTAL

MAX_SECONDS = 20
_CLOCK = datetime(2000, 1, 1, tzinfo=UTC)  # TODAY() and NOW() give the same before and after mending
_SIGNS = {"Div": "#DIV/0!", "Na": "#N/A", "Name": "#NAME?", "Null": "#NULL!", "Num": "#NUM!", "Ref": "#REF!"}
_SIGNS |= {"Value": "#VALUE!", "Spill": "#SPILL!", "Calc": "#CALC!", "Circ": "a circular reference"}


@dataclass(frozen=True)
class CellError:
    """What a cell shows instead of a value."""

    sign: str


Value = float | str | bool | CellError | None


class NotRecalculated(Exception):  # noqa: N818 - the sentence reads better so
    """The engine could not calculate the workbook; the text says why."""


class Calculation:
    """A workbook in the engine, every formula calculated."""

    def __init__(self, content: bytes):
        """Raises NotRecalculated."""
        import formualizer  # only --fix needs it

        with _calculating():
            settings = formualizer.EvaluationConfig()
            settings.enable_parallel = False
            settings.max_eval_time_ms = 1000 * MAX_SECONDS
            config = formualizer.WorkbookConfig(eval_config=settings)
            limits = {"max_expanded_bytes": MAX_TOTAL, "max_part_bytes": MAX_PART}
            self.book = formualizer.Workbook.from_bytes(content, config=config, load_limits=limits)
            self.book.set_deterministic_clock(_CLOCK)
            self.book.evaluate_all()

    def values(self, places: Iterable[Place]) -> dict[Place, Value]:
        """The values of these cells."""
        return {place: _value(self.book.get_value(*place)) for place in places}

    def put(self, place: Place, number: float) -> None:
        """Type a number into the cell and calculate what follows. Raises NotRecalculated."""
        with _calculating():
            self.book.set_value(*place, number)
            self.book.evaluate_all()


def recalculate(content: bytes, places: Iterable[Place]) -> dict[Place, Value]:
    """The values of these cells after every formula of the workbook was calculated. Raises NotRecalculated."""
    return Calculation(content).values(places)


def lacking(functions: Iterable[str]) -> frozenset[str]:
    """Those of the functions that the engine doesn't have: with whatever arguments, they give #NAME?."""
    import formualizer

    found = set()
    for name in functions:
        book = formualizer.Workbook()
        book.add_sheet("S")
        try:
            with _calculating():
                book.set_formula("S", 1, 1, f"={name}()")
                value = _value(book.evaluate_cell("S", 1, 1))
        except NotRecalculated:
            continue
        if value == CellError("#NAME?"):
            found.add(name)
    return frozenset(found)


@contextmanager
def _calculating() -> Iterator[None]:
    try:
        yield
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # a panic of the engine is no Exception
        raise NotRecalculated((str(error).splitlines() or [type(error).__name__])[0][:100]) from error


def _value(value: object) -> Value:
    match value:
        case None | bool() | str():
            return value
        case int() | float():
            return float(value)
        case {"type": "Error", "kind": str(kind)}:
            return CellError(_SIGNS.get(kind, "an error"))
    return str(value)  # a date
