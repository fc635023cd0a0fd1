"""The top of the sheet Training where one is started: settings, status, progress, buttons, accuracies.

The buttons are macros. A workbook without macros leaves their row free: in LibreOffice, gradsheet's extension puts its
own there.
"""

from openpyxl.formatting.rule import DataBarRule
from openpyxl.utils import get_column_letter
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation

from trainer.recipes import DEFAULT_RECIPE, RECIPES
from workbook.macros.controls import Button
from workbook.parts.page import Page
from workbook.parts.texts import listing, plain
from workbook.sheets.layout import absolute, quoted
from workbook.sheets.run_report import RunReport
from workbook.sheets.training_cells import (
    COLUMNS,
    FIRST_COLUMN,
    HEADER_ROW,
    LOG_CORNER,
    MAX_EPOCHS,
    PROGRESS,
    RUN_FOLDER,
    SETTINGS,
    STATUS,
    Setting,
)

CHOOSE = "Choose in the yellow cells (a blank number is the recipe's own), then press Run Training"
HOW = f"{CHOOSE}. Excel stays free."
HOW_IN_CALC = f"{CHOOSE}: in LibreOffice, with gradsheet's extension (gradsheet libreoffice install)."
FIRST_ROW, PER_COLUMN = 4, 4
STATUS_ROW, PROGRESS_ROW, BUTTON_ROW = 8, 9, 10
FOLDER = "L5"
BUTTONS = (
    ("Run Training", "RunTraining"),
    ("Stop", "StopTraining"),
    ("Resume", "ResumeTraining"),
    ("Open run folder", "OpenRunFolder"),
)


def how(buttons: bool) -> str:
    """What the sheet says about itself."""
    return HOW if buttons else HOW_IN_CALC


def write(page: Page, report: RunReport | None, status: str, *, buttons: bool) -> None:
    """Fill rows 4 to 10, and name the cells. `status` is what the status line says until a button is pressed."""
    named = {setting.name: _setting(page, k, setting) for k, setting in enumerate(SETTINGS)}
    named |= {STATUS: f"C{STATUS_ROW}", PROGRESS: f"C{PROGRESS_ROW}", RUN_FOLDER: FOLDER}
    named[LOG_CORNER] = f"{get_column_letter(FIRST_COLUMN)}{HEADER_ROW}"
    for name, ref in named.items():
        where = f"{quoted(page.sheet.title)}!{absolute(ref)}"
        page.sheet.defined_names[name] = DefinedName(name, attr_text=where)
    for k, (_, _, number_format) in enumerate(COLUMNS, start=FIRST_COLUMN):
        # Rows to come are written as bare numbers.
        page.sheet.column_dimensions[get_column_letter(k)].number_format = number_format
    _recipes_own(page)
    _accuracies(page, report)
    _status(page, report, status)
    width = 2
    for k, (caption, macro) in enumerate(BUTTONS if buttons else ()):
        left = FIRST_COLUMN - 1 + k * width
        page.buttons.append(Button(caption, macro, (left, BUTTON_ROW - 1), (left + width, BUTTON_ROW)))
    page.sheet.row_dimensions[BUTTON_ROW].height = 30


def _place(k: int) -> tuple[str, str, str]:
    """The cells of the k-th setting: label, value, what the recipe says."""
    pair, row = divmod(k, PER_COLUMN)
    first = FIRST_COLUMN + 3 * pair
    label, value, beside = (f"{get_column_letter(first + k)}{FIRST_ROW + row}" for k in range(3))
    return label, value, beside


def _setting(page: Page, k: int, setting: Setting) -> str:
    """One setting with its limits; returns its cell."""
    label, cell, beside = _place(k)
    page.put(label, setting.label, "label")
    page.style(cell, "change")
    if setting.default is not None:
        page.put(cell, setting.default, "change")
    rule = _rule(setting)
    rule.promptTitle, rule.showInputMessage = setting.label, True
    rule.errorTitle, rule.showErrorMessage = setting.label, True
    page.sheet.add_data_validation(rule)
    rule.add(cell)
    if setting.name == "data_folder":
        page.style(beside, "change")
        page.sheet.merge_cells(f"{cell}:{beside}")
    return cell


def _rule(setting: Setting) -> DataValidation:
    """What the cell may hold, with our sentence for what it may not."""
    if setting.choices:
        rule = DataValidation(type="list", formula1=f'"{",".join(setting.choices)}"', allow_blank=False)
        rule.prompt = rule.error = f"One of {listing(list(setting.choices), 'or')}."
        return rule
    if setting.low is None:
        rule = DataValidation(type="textLength", operator="between", formula1="0", formula2="250", allow_blank=True)
        rule.prompt = "The folder of MNIST's four files; blank: a folder of your own, downloaded to once."
        rule.error = "The path of a folder."
        return rule
    kind = "whole" if setting.whole else "decimal"
    low, high = repr(setting.low), repr(setting.high)
    rule = DataValidation(type=kind, operator="between", formula1=low, formula2=high, allow_blank=True)
    what = "A whole number" if setting.whole else "A number"
    rule.error = f"{what} from {setting.low:,} to {setting.high:,}." if setting.whole else f"{what} above 0."
    rule.prompt = rule.error if setting.default is not None else f"{rule.error} Blank: the recipe's own."
    return rule


def _recipes_own(page: Page) -> None:
    """Beside a blank number: what the chosen recipe says."""
    cells = {setting.name: _place(k) for k, setting in enumerate(SETTINGS)}
    recipe = cells["recipe"][1]
    names = ",".join(f'"{name}"' for name in RECIPES)
    for setting in SETTINGS:
        if setting.default is None and setting.low is not None:
            _, cell, beside = cells[setting.name]
            values = [plain(getattr(r, setting.name)) for r in RECIPES.values()]
            own = f"CHOOSE(MATCH({recipe},{{{names}}},0),{','.join(values)})"
            shown = f"recipe: {plain(getattr(RECIPES[DEFAULT_RECIPE], setting.name))}"
            page.formula(beside, f'IF({cell}="","recipe: "&{own},"")', shown, "note")


def _accuracies(page: Page, report: RunReport | None) -> None:
    """Best and last, which follow the table as it grows."""
    letter = get_column_letter(FIRST_COLUMN + [field for field, *_ in COLUMNS].index("test_accuracy"))
    cells = f"${letter}${HEADER_ROW + 1}:${letter}${HEADER_ROW + MAX_EPOCHS}"
    shown = {
        "I": ("best", f"MAX({cells})", report.best if report else None),
        "J": ("last", f"INDEX({cells},COUNT({cells}))", report.rows[-1] if report and report.rows else None),
    }
    for column, (name, formula, row) in shown.items():
        page.put(f"{column}{FIRST_ROW}", f"{name} accuracy", "small")
        value = row.test_accuracy if row else "–"
        page.formula(f"{column}{FIRST_ROW + 1}", f'IF(COUNT({cells})=0,"–",{formula})', value, "accuracy")
        page.sheet.merge_cells(f"{column}{FIRST_ROW + 1}:{column}{FIRST_ROW + 2}")


def _status(page: Page, report: RunReport | None, status: str) -> None:
    page.put(f"B{STATUS_ROW}", "Status", "label")
    page.put(f"C{STATUS_ROW}", status, "status")
    page.sheet.merge_cells(f"C{STATUS_ROW}:J{STATUS_ROW}")
    page.sheet.row_dimensions[STATUS_ROW].height = 32
    page.put(f"B{PROGRESS_ROW}", "Progress", "label")
    done = len(report.rows) / report.epochs if report else 0
    page.put(f"C{PROGRESS_ROW}", done, "progress")
    page.sheet.merge_cells(f"C{PROGRESS_ROW}:J{PROGRESS_ROW}")
    bar = DataBarRule("num", 0, "num", 1, color="9CC3E6", showValue=True, minLength=0, maxLength=100)
    page.sheet.conditional_formatting.add(f"C{PROGRESS_ROW}:J{PROGRESS_ROW}", bar)
    page.put("L4", "Run folder", "label left")
    page.style(FOLDER, "text")
    if report:
        page.put(FOLDER, report.folder, "text")
    page.sheet.merge_cells(f"{FOLDER}:P7")
