"""Colours, fonts and number formats: one named style for each kind of cell."""

from openpyxl import Workbook
from openpyxl.formatting.rule import Rule
from openpyxl.styles import Alignment, Border, Font, NamedStyle, PatternFill, Side
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.styles.numbers import NumberFormat

# The reference sheet's header colours, by the columns' group: its hues, in a lightness that keeps neighbours apart for
# readers who don't tell red from green.
GROUP_COLOURS = {
    "iteration": "F8B26A",
    "target": "F8B26A",
    "input": "F8B26A",
    "weight": "CFCFCF",
    "bias": "E2CCF4",
    "hidden": "90BCE6",
    "output": "C9E7B0",
    "error": "E8655A",
    "delta": "F2A85C",
    "gradient": "FCE4CC",
    "state": "BFDCDC",
}
INPUT_FILL, INPUT_INK = "FFF9C4", "1F3FBF"
RESULT_FILL = "FFE699"
INK, QUIET, RULE, LINK = "262626", "6B6B6B", "D0D0D0", "0B5CAD"

# Sections without conditions: programs disagree on a negative number's sign where a condition chooses the section.
# What these would hide or make too wide is shown in scientific notation, by `Page.numbers`.
DECIMALS = "0.00000000;-0.00000000;0"
SCIENTIFIC = "0.000000E+00"
SMALL, LARGE = 0.001, 1_000
"""Up to and from where on the absolute value of a number is shown in scientific notation."""
FIRST_FORMAT = 164  # the number that a workbook's first own format gets: `register` makes it SCIENTIFIC's
# Not General: LibreOffice would show a formula's cell in the format of the cell it refers to.
GIVEN = "0.0#######"
NUMBER_FORMATS = {
    "iteration": "0",
    "target": GIVEN,
    "input": GIVEN,
    "weight": "0.000000",
    "bias": "0.000000",
    "hidden": "0.000000",
    "output": "0.000000",
    "error": DECIMALS,
    "delta": DECIMALS,
    "gradient": DECIMALS,
    "state": DECIMALS,
}

_rule = Side(style="thin", color=RULE)
_hair = Side(style="hair", color=RULE)
_box = Side(style="thin", color="A6A6A6")


def scientific_where_needed() -> list[Rule]:
    """Conditional formats for numbers: 0 as 0, small and large ones in scientific notation, its sign with each."""

    def rule(operator: str, limits: list[str], code: str, identity: int, **more) -> Rule:
        look = DifferentialStyle(numFmt=NumberFormat(numFmtId=identity, formatCode=code))
        return Rule(type="cellIs", operator=operator, formula=limits, dxf=look, **more)

    return [
        rule("equal", ["0"], "0", 1, stopIfTrue=True),
        rule("between", [f"-{SMALL}", f"{SMALL}"], SCIENTIFIC, FIRST_FORMAT),
        rule("notBetween", [f"-{LARGE}", f"{LARGE}"], SCIENTIFIC, FIRST_FORMAT),
    ]


def result_rule(formula: str, code: str | None = None) -> Rule:
    """A conditional format: a derivation's result, where the formula holds; with a number format of its own."""
    look = DifferentialStyle(
        font=Font(bold=True),
        fill=PatternFill("solid", bgColor=RESULT_FILL),
        border=Border(bottom=_box),
        numFmt=NumberFormat(numFmtId=FIRST_FORMAT, formatCode=code) if code else None,
    )
    return Rule(type="expression", formula=[formula], dxf=look)


def _fill(colour: str) -> PatternFill:
    return PatternFill("solid", fgColor=colour)


def _style(name: str, *, size=11, bold=False, italic=False, colour=INK, fill=None, wrap=False, align="left", **more):
    style = NamedStyle(name=f"gradsheet {name}")
    style.font = Font(
        name="Calibri", size=size, bold=bold, italic=italic, color=colour, underline=more.get("underline")
    )
    vertical, indent = more.get("vertical", "center"), more.get("indent", 0)
    style.alignment = Alignment(horizontal=align, vertical=vertical, wrap_text=wrap, indent=indent)
    style.number_format = more.get("number_format", "General")
    style.border = more.get("border", Border())
    if fill:
        style.fill = _fill(fill)
    return style


def register(book: Workbook) -> None:
    """Add every style to the workbook; cells then name them, as in `cell.style = "gradsheet title"`."""
    all_round = Border(left=_rule, right=_rule, top=_rule, bottom=_rule)
    styles = [
        _style("scientific", number_format=SCIENTIFIC, align="right"),
        _style("title", size=20, bold=True),
        _style("heading", size=13, bold=True),
        _style("chart title", bold=True, wrap=True),
        _style("text", wrap=True, vertical="top"),
        _style("line"),
        _style("note", italic=True, colour=QUIET),
        _style("small", size=9, colour=QUIET, wrap=True, vertical="top"),
        _style("label", colour=QUIET, align="right"),
        _style("label left", colour=QUIET),
        _style("status", wrap=True, border=all_round, indent=1),
        _style("progress", border=all_round, align="center", number_format="0%"),
        _style("link", colour=LINK, underline="single"),
        _style("formula", size=10),
        _style("change", colour=INPUT_INK, fill=INPUT_FILL, border=all_round, align="right"),
        _style("change left", colour=INPUT_INK, fill=INPUT_FILL, border=all_round, align="left", indent=1),
        _style("difference", align="right", border=all_round, colour=QUIET, number_format="0E+00"),
        _style("explanation", border=all_round, size=10, indent=1),
        _style("linked", size=10, align="right", border=all_round, number_format=GIVEN),
        _style("table head", bold=True, fill="E7E6E6", wrap=True, align="center", border=all_round),
        _style("table", border=all_round, align="right"),
        _style("curve name", bold=True, fill="E7E6E6", align="center", border=all_round),
        _style("table link", border=all_round, colour=LINK, underline="single"),
        _style("table error", border=all_round, align="right", number_format=DECIMALS),
        _style("setting", align="left", indent=1),
        _style("accuracy", size=18, bold=True, align="left", number_format='0.00" %"'),
        _style("pixel", number_format=";;;"),
        _style("caption", size=9, align="center"),
        _style("right", size=10, align="center", fill="E2F0D9", border=all_round),
        _style("count", size=10, align="center", border=all_round, number_format="0;-0;"),
        _style("probability", align="right", border=all_round, number_format="0.0000"),
        _style("digit", size=36, bold=True, align="center"),
        _style("table percent", border=all_round, align="right", number_format="0.0000%"),
        _style("box title", size=10, bold=True, indent=1, border=Border(top=_box, left=_box)),
        _style("box line", size=9, indent=1, wrap=True, border=Border(left=_box)),
        _style("box line fill", size=9),
        _style("box chain", size=9, indent=1, border=Border(left=_box)),
        _style("box line number", size=9, align="right", number_format=DECIMALS, border=Border(right=_box)),
        _style("box top", size=9, border=Border(top=_box)),
        _style("box corner", size=9, border=Border(top=_box, right=_box), align="right"),
        _style(
            "box result",
            size=9,
            bold=True,
            wrap=True,
            indent=1,
            fill=RESULT_FILL,
            border=Border(left=_box, bottom=_box),
        ),
        _style("box result fill", size=9, bold=True, fill=RESULT_FILL, border=Border(bottom=_box)),
        _style(
            "box result number",
            size=9,
            bold=True,
            align="right",
            fill=RESULT_FILL,
            number_format=DECIMALS,
            border=Border(right=_box, bottom=_box),
        ),
    ]
    for group, colour in GROUP_COLOURS.items():
        edges = Border(left=_rule, right=_rule, bottom=Side(style="medium", color="7F7F7F"), top=_rule)
        styles.append(_style(f"head {group}", bold=True, fill=colour, align="center", border=edges))
        styles.append(_style(f"names {group}", size=9, fill=colour, align="center", border=all_round))
        body = Border(left=_rule, right=_rule, bottom=_hair)
        styles.append(_style(f"body {group}", align="right", number_format=NUMBER_FORMATS[group], border=body, size=10))
    for style in styles:
        book.add_named_style(style)


def register_panel(book: Workbook) -> None:
    """Add what only the panel of a chosen weight needs: a workbook without one doesn't carry its styles."""
    bottom = {"border": Border(bottom=_box)}
    right = Border(right=_box, bottom=_box)
    panel = [
        _style("box text", size=9, wrap=True),
        _style("box text end", size=9, wrap=True, **bottom),
        _style("box line end", size=9, indent=1, wrap=True, border=Border(left=_box, bottom=_box)),
        _style("box line fill end", size=9, **bottom),
        _style("box line number end", size=9, align="right", number_format=DECIMALS, border=right),
    ]
    for style in panel:
        if style.name not in book.named_styles:
            book.add_named_style(style)
