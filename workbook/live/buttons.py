"""What the buttons do, in any host. Each returns at once.

The macros of built workbooks call `from workbook.live import buttons; buttons.run()`: without a host, it is Excel.
Whatever goes wrong is one sentence in the status line, or elsewhere where the sheet can't be written (Target.notice);
a traceback would be a dialog that nobody can read.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields
from importlib import import_module
from pathlib import Path

from trainer.endings import ending_of
from trainer.folders import new_run_folder, runs_folder
from trainer.recipes import Recipe, choose_recipe, flag
from trainer.run import CONFIG, STOP, load_run
from workbook.live import launch
from workbook.live.target import Blocked, Gone, Host, StillBusyError, Target
from workbook.parts.texts import listing, plain
from workbook.sheets.training_cells import SETTINGS, Setting
from xlfuncs.cells import error_name
from xlfuncs.errors import CellValueError, RunError

EXCEL = "workbook.live.excel"
_OPTIONS = {"data_folder": "data_dir"}  # settings whose option has another name


def run(host: Host | None = None) -> None:
    """Start a new training with the sheet's settings."""
    _press(_run, host)


def stop(host: Host | None = None) -> None:
    """Ask the training to stop at its next batch; it keeps the finished epochs."""
    _press(_stop, host)


def resume(host: Host | None = None) -> None:
    """Go on with the run that the sheet shows."""
    _press(_resume, host)


def open_folder(host: Host | None = None) -> None:
    """Show the run's folder."""
    _press(_open_folder, host)


def opened(host: Host | None = None) -> None:
    """The workbook was opened: bring in the rows that its run wrote meanwhile."""
    _press(_opened, host)


def _press(action: Callable[[Target, Host], None], host: Host | None) -> None:
    """Do it. The host waits for this to return, so nothing here waits long for the host."""
    host = host or import_module(EXCEL)
    with suppress(StillBusyError, Blocked, Gone):  # who can't be found, or can't answer, can't be told so either
        book = host.pressed()
        try:
            action(book, host)
        except Gone:
            raise
        except Exception as error:
            book.notice(_sentence(error))


def _sentence(error: Exception) -> str:
    if isinstance(error, Blocked):
        return str(error)
    if ending := ending_of(error):
        return ending.sentence
    return f"This is a fault of gradsheet's own; please report it ({type(error).__name__}: {error})."


def _run(book: Target, host: Host) -> None:
    shown = book.run_folder()
    if shown and launch.is_own(shown) and launch.is_active(shown):
        host.start_follower(shown, book)  # in case the one before was lost
        raise RunError("A training is already running; press Stop first.")
    settings = book.settings()
    chosen = arguments(settings)
    folder = new_run_folder(str(settings["recipe"]), str(settings["dataset"]))
    _start(book, host, folder, chosen)


def _start(book: Target, host: Host, folder: Path, chosen: list[str]) -> None:
    book.begin(folder)
    book.tell("Starting …", 0.0)
    launch.start_worker(folder, chosen)
    host.start_follower(folder, book)


def _stop(book: Target, host: Host) -> None:
    folder = _folder(book)
    if not launch.is_active(folder):
        raise RunError("No training is running.")
    (folder / STOP).touch()


def _resume(book: Target, host: Host) -> None:
    folder = _folder(book)
    if launch.is_active(folder):
        host.start_follower(folder, book)
        raise RunError("The training is still running.")
    if not (folder / CONFIG).is_file():
        raise RunError("The run never began, so there is nothing to resume; press Run Training.")
    run = load_run(folder)
    if run.finished:
        raise RunError(f"The run is finished: {len(run.rows)} epochs are done. Run Training starts a new one.")
    _start(book, host, folder, ["--resume", str(folder)])


def _open_folder(book: Target, host: Host) -> None:
    launch.open_folder(_folder(book))


def _opened(book: Target, host: Host) -> None:
    host.start_follower(_folder(book), book)


def _folder(book: Target) -> Path:
    """The run that the sheet shows. Raises GradsheetError for one that isn't this user's: anybody may have built it."""
    folder = book.run_folder()
    if folder is None:
        raise RunError("No training was started from this workbook yet; press Run Training.")
    if not launch.is_own(folder):
        raise RunError(
            f"The run's folder {folder} is not in your own runs folder {runs_folder()}, so this workbook leaves it "
            f"alone; the rows stay as they are. Run Training starts a new run."
        )
    if not folder.is_dir():
        raise RunError(f"The run's folder {folder} is gone; the rows stay as they are.")
    return folder


def arguments(settings: dict[str, object]) -> list[str]:
    """The settings as arguments of `gradsheet train`. Raises GradsheetError for what a cell must not hold."""
    values = {setting.name: _value(setting, settings[setting.name]) for setting in SETTINGS}
    of_recipe = {f.name for f in fields(Recipe)} & set(values)
    choose_recipe(str(values["recipe"]), **{name: values[name] for name in of_recipe})
    given = {name: value for name, value in values.items() if value is not None}
    return [part for name, value in given.items() for part in (flag(_OPTIONS.get(name, name)), str(value))]


def _value(setting: Setting, cell: object) -> str | int | float | None:
    """A cell's content as the setting needs it; None for a blank one."""
    if error := error_name(cell):
        raise CellValueError(f"{setting.label} holds the error {error}; mend its formula, or write the value itself.")
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        if setting.choices:
            raise CellValueError(f"{setting.label} is blank; choose {listing(list(setting.choices), 'or')}.")
        return setting.default
    if setting.choices:
        if cell not in setting.choices:
            raise CellValueError(f"{setting.label} is {_shown(cell)}; choose {listing(list(setting.choices), 'or')}.")
        return cell
    if setting.low is None or setting.high is None:
        return str(cell).strip()
    if isinstance(cell, int | float) and not isinstance(cell, bool) and setting.low <= cell <= setting.high:
        if not setting.whole:
            return float(cell)
        if cell == int(cell):
            return int(cell)
    kind = "a whole number" if setting.whole else "a number"
    limits = f"{kind} from {plain(setting.low)} to {plain(setting.high)}"
    raise CellValueError(f"{setting.label} is {_shown(cell)}; give {limits}.")


def _shown(cell: object) -> str:
    return f"'{cell}'" if isinstance(cell, str) else f"{cell:g}" if isinstance(cell, float) else str(cell)
