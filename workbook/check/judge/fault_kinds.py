"""The kinds of finding, an entry each: its name, what mending does about it, and a wrong and a right form.

The entry stands here. What searches for the kind says so with `@finds`, the sentence on a slip with `@tells`; what a
finder reports without such a sentence it words itself. A new kind is one entry, one finder, one sentence: the tests run
every entry's pair and fail for a kind that lacks one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType


class Mend(Enum):
    """What a mended copy does about a kind of finding."""

    FORMULA = "the right formula, or the first row's number, is put there"
    CALCULATION = "the values are calculated anew"
    NOTHING = "it is left as it is"


@dataclass(frozen=True)
class Pair:
    """The exercise's table with the kind of fault, and without.

    `at` says where: a column (`h1`; `a_h*` for all of them), one cell (`h1 4`, of the fourth row), `stored h1 4` for
    its value alone, `values h1 4` in a table of typed numbers, `start w1` in one of four tables, or `rows`, `row 4`,
    `stored`, `shown h1` and `chart E_total`. Formulas have [h1] for the cell in the same row, [-h1] for the one above,
    [h1$] for the first row's, ɳ for the learning rate's cell and ɳ↓ for it without $.
    """

    at: str
    wrong: str
    right: str


@dataclass(frozen=True)
class Kind:
    """A kind of finding. `why_left` is the reason for what mending leaves; `not_judged` where it keeps a table from
    being called right or wrong; `mended_as_note` where mending helps though it is only a note."""

    name: str
    pair: Pair
    mend: Mend
    why_left: str = ""
    not_judged: bool = False
    mended_as_note: bool = False

    @property
    def finders(self) -> tuple[Callable, ...]:
        """The functions that search for it."""
        return tuple(_FINDERS[self.name])

    @property
    def sentence(self) -> Callable | None:
        """What a slip of this kind says; None where its finder words it."""
        return _SENTENCES.get(self.name)


_KINDS: dict[str, Kind] = {}
_FINDERS: dict[str, list[Callable]] = {}
_SENTENCES: dict[str, Callable] = {}
KINDS: Mapping[str, Kind] = MappingProxyType(_KINDS)
"""Every kind of finding by its name; a `Finding` of another one is an error."""


def finds(*names: str):
    """Say of a function that it searches for these kinds."""

    def register(finder: Callable) -> Callable:
        for name in names:
            _FINDERS[name].append(finder)
        return finder

    return register


def tells(*names: str):
    """Say of a function that it words the slips of these kinds, each told by one."""

    def register(sentence: Callable) -> Callable:
        for name in names:
            if _SENTENCES.setdefault(KINDS[name].name, sentence) is not sentence:
                raise ValueError(f"{name} is told twice")
        return sentence

    return register


def _kind(name: str, at: str, wrong: str, right: str, mend: Mend = Mend.FORMULA, why_left: str = "", **more) -> str:
    """Enter a kind; gives its name, by which findings and diagnoses call it."""
    if name in _KINDS:
        raise ValueError(f"{name} is entered twice")
    _KINDS[name] = Kind(name, Pair(at, wrong, right), mend, why_left, **more)
    _FINDERS[name] = []
    return name


# A reference that stands where another belongs; where several fit, the first one names the slip.
WRONG_RATE = _kind("wrong learning rate", "w1", "[-w1]-0.7*[-grad_w1]", "[-w1]-ɳ*[-grad_w1]")
PRE_ACTIVATION = _kind("pre-activation for activation", "o1", "[w5]*[h1]+[w6]*[a_h2]", "[w5]*[a_h1]+[w6]*[a_h2]")
ACTIVATION = _kind("activation for pre-activation", "a_h2", "1/(1+EXP(-[a_h1]))", "1/(1+EXP(-[h2]))")
WRONG_GRADIENT = _kind("wrong gradient column", "w1", "[-w1]-ɳ*[-grad_w2]", "[-w1]-ɳ*[-grad_w1]")
WRONG_NEURON = _kind(
    "wrong neuron",
    "grad_w5",
    "([a_o1]-[t1])*[a_o1]*(1-[a_o1])*[a_h2]",
    "([a_o1]-[t1])*[a_o1]*(1-[a_o1])*[a_h1]",
)
SWAPPED_WEIGHTS = _kind("swapped weights", "o1", "[w6]*[a_h1]+[w5]*[a_h2]", "[w5]*[a_h1]+[w6]*[a_h2]")
WRONG_TARGET = _kind("wrong target", "E1", "0.5*([t2]-[a_o1])^2", "0.5*([t1]-[a_o1])^2")
WRONG_INPUT = _kind("wrong input", "h1", "[w1]*[i2]+[w2]*[i2]", "[w1]*[i1]+[w2]*[i2]")
WRONG_VARIABLE = _kind("wrong variable", "h1", "[w1]*[w3]+[w2]*[i2]", "[w1]*[i1]+[w2]*[i2]")
WRONG_ROW = _kind("wrong row", "w5", "[-w5]-ɳ*[grad_w5]", "[-w5]-ɳ*[-grad_w5]")
WRONG_CELL = _kind("wrong cell", "h1", "[w1]*$AN$1+[w2]*[i2]", "[w1]*[i1]+[w2]*[i2]")
EXCHANGES = tuple(_KINDS)

# Other slips of one formula.
MISSING_DOLLAR = _kind("missing $", "w1", "[-w1]-ɳ↓*[-grad_w1]", "[-w1]-ɳ*[-grad_w1]")
STRAY_DOLLAR = _kind("stray $", "h1", "[w1$]*[i1]+[w2]*[i2]", "[w1]*[i1]+[w2]*[i2]")
ROUNDED = _kind("rounded", "a_h1", "ROUND(1/(1+EXP(-[h1])),3)", "1/(1+EXP(-[h1]))")
SIGN = _kind("sign", "w1", "[-w1]+ɳ*[-grad_w1]", "[-w1]-ɳ*[-grad_w1]")
LOST_BRACKETS = _kind(
    "lost parentheses",
    "grad_w5",
    "[a_o1]-[t1]*[a_o1]*(1-[a_o1])*[a_h1]",
    "([a_o1]-[t1])*[a_o1]*(1-[a_o1])*[a_h1]",
)
WRONG_OPERATOR = _kind("wrong operator", "E_total", "[E1]*[E2]", "[E1]+[E2]")
MISSING_FACTOR = _kind(
    "missing factor",
    "grad_w5",
    "([a_o1]-[t1])*[a_o1]*(1-[a_o1])",
    "([a_o1]-[t1])*[a_o1]*(1-[a_o1])*[a_h1]",
)
EXTRA_FACTOR = _kind("extra factor", "E1", "0.5*([t1]-[a_o1])^2/2", "0.5*([t1]-[a_o1])^2")
MISSING_TERM = _kind("missing term", "h1", "[w1]*[i1]", "[w1]*[i1]+[w2]*[i2]")
CIRCULAR = _kind("circular chain", "a_h1", "1/(1+EXP(-[h1]))+0*[a_h1]", "1/(1+EXP(-[h1]))")
ERROR_VALUE = _kind("error value", "shown h1", "VLOOKUP(99,$A$1:$B$2,2)", "[w1]*[i1]+[w2]*[i2]")
WRONG_FORMULA = _kind("wrong formula", "h1", "[w1]^3*[i2]+COSH([w2])*7", "[w1]*[i1]+[w2]*[i2]")
UNKNOWN_FUNCTION = _kind("unknown function", "E1", "0.5*POW([t1]-[a_o1],2)", "0.5*([t1]-[a_o1])^2", mended_as_note=True)

# Numbers and empty cells where formulas belong, and numbers that their formulas don't give.
TYPED_OVER = _kind("typed-over", "h1 4", "0.0275", "[w1]*[i1]+[w2]*[i2]")
FROZEN_ROWS = _kind("frozen rows", "row 8", "typed", "formulas")
MISSING_CELLS = _kind("missing cells", "h1 4", "", "[w1]*[i1]+[w2]*[i2]")
CHANGED_CONSTANT = _kind("changed constant", "i1 4", "0.06", "0.05")
WRONG_VALUE = _kind("wrong value", "values h1 4", "0.4", "", Mend.NOTHING, "typed values have no formulas to mend")
STALE_VALUES = _kind("stale values", "stored E_total 4", "9", "", Mend.CALCULATION)

# What is told of a whole table, and of charts.
OTHER_START = _kind(
    "wrong start value", "start w1", "0.16", "", Mend.NOTHING, "start values are whoever made the sheet's to choose"
)
_NOTE = "it makes no sheet wrong"
SAME_NUMBER = _kind("same number elsewhere", "h1", "[w1]*$AN$2+[w2]*[i2]", "[w1]*[i1]+[w2]*[i2]", Mend.NOTHING, _NOTE)
NEVER_CALCULATED = _kind("never calculated", "stored", "nothing", "numbers", Mend.NOTHING, _NOTE)
UNFINISHED = _kind("unfinished", "rows", "1", "8", Mend.NOTHING, _NOTE)
_UNTOLD = "the table isn't judged"
UNJUDGED = _kind(
    "not judged",
    "E1",
    "0.5*([t1]-[a_o1])^2+0*VLOOKUP([t1],$A$1:$B$2,2)",
    "0.5*([t1]-[a_o1])^2",
    Mend.NOTHING,
    _UNTOLD,
    not_judged=True,
)
OTHER_NETWORK = _kind(
    "network not judged", "a_h*", "TANH([h*])", "1/(1+EXP(-[h*]))", Mend.NOTHING, _UNTOLD, not_judged=True
)
NOT_READ = _kind("not read", "row 5", "empty", "formulas", Mend.NOTHING, _UNTOLD, not_judged=True)
CHART = _kind("chart", "chart E_total", "3-8", "1-8", Mend.NOTHING, "charts stay as they are")
