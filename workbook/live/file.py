"""A workbook file that shows a run: after every epoch it is written whole, with the run's sheets as they then are.

It is no Target: nobody works in it, and nothing of it waits. Where there was none, it is the default workbook. One of
gradsheet's that is there, with whatever the user made of it, keeps everything else; so does one that the user saves
while the training goes on.
"""

import io
from importlib import import_module
from pathlib import Path
from typing import BinaryIO

from trainer.files import check_writable, sentences, write_whole
from trainer.run import Run, load_run
from workbook import build
from workbook.existing.origin import Origin, Output, origin_of_content, refuse_what_is_no_file
from workbook.existing.renewal import write_with_run
from workbook.parts.opc import Package, sound
from workbook.parts.page import NATIVE, UDF
from workbook.parts.texts import listing
from workbook.sheets import run_report
from workbook.sheets.run_report import RunReport
from workbook.sheets.run_sheets import NAMES
from xlfuncs.errors import FileTakenError, GradsheetError, UnwritableError
from xlfuncs.network import DEFAULT, ITERATIONS, LEARNING_RATES

FOREIGN = (
    "{path} is there already, and nothing in it proves that gradsheet wrote it; choose another name, or give --force "
    "to put a new workbook in its place (the old file is then kept beside it, with its date)."
)
TRIES = 5  # at one epoch: somebody may save the file while it is being written


class _Meanwhile(Exception):  # noqa: N818 (nothing is wrong)
    """The file was saved by somebody else since it was read."""


class WorkbookFile:
    """The file; `backup` is where one went that wasn't gradsheet's."""

    def __init__(self, path: Path, *, force: bool = False):
        """Raise GradsheetError for what can't be written: before hours of training, not after. Nothing is changed."""
        self.path, self.force = path, force
        self.backup: Path | None = None
        self._base: bytes | None = None  # what the run's sheets are put into; None for the default workbook
        self._written: bytes | None = None
        self._run: Run | None = None  # what was to be shown last
        self._epochs = 0  # how many epochs are shown
        self._titles: list[str] = []
        self._failure = ""  # why the last attempt to show it failed
        check_writable(path)
        if self._has_macros:
            import_module("workbook.macros.project")  # that needs packages which may be missing
        self._look()

    def show(self, run: Run) -> None:
        """Bring the run's epochs into the file. Raises GradsheetError; the file then is as it was."""
        self._run = run
        try:
            report = run_report.of_run(run)
            self._insist(report)
        except GradsheetError as error:
            self._failure = str(error)
            raise
        self._epochs, self._failure = len(run.rows), ""

    def finish(self, folder: Path | None) -> bool:
        """See to it that the run's last epoch is shown: the one of `folder`, if it was resumed. Whether it is."""
        try:
            run = self._run or (load_run(folder) if folder else None)
            if run is not None and len(run.rows) > self._epochs:
                self.show(run)
        except GradsheetError as error:
            self._failure = str(error)
        return not self._failure

    def sentence(self) -> str:
        """What the file shows now."""
        if self._failure:
            shown = f"shows this run up to epoch {self._epochs} only" if self._epochs else "doesn't show this run"
            again = ""
            if self._run and self._run.folder.exists():
                resumed = _word(self._run.folder)
                again = f" To bring it in: gradsheet train --resume {resumed} --workbook {_word(self.path)}"
            return f"{self.path} {shown}. {self._failure}{again}"
        if not self._epochs:
            return f"{self.path} was not written: no epoch is finished."
        return f"{self.path}: the sheets {listing(self._titles, 'and')} show this run."

    def _insist(self, report: RunReport) -> None:
        for _ in range(TRIES):
            try:
                return self._write(report)
            except _Meanwhile:
                pass
        raise UnwritableError(f"{self.path} is being written by another program all the time.")

    def _write(self, report: RunReport) -> None:
        there = self._look()
        new = io.BytesIO()
        if self._base is None:
            self._titles = self._compose_default(report, new)
            output = Output(self.path, force=self.force)
            with output.open() as file:
                file.write(new.getbuffer())
            self.backup = output.backup or self.backup
        else:
            self._titles = self._compose(self._base, report, new)
            with write_whole(self.path, before=lambda _: self._is_still(there)) as file:
                file.write(new.getbuffer())
        self._written = new.getvalue()

    def _look(self) -> bytes | None:
        """Read the file, and see to the base. Raises GradsheetError for one that isn't gradsheet's.

        What somebody saved becomes the base; a file that is gone leaves the base that there was.
        """
        there = self._read()
        if there is not None and there != self._written:
            foreign = origin_of_content(io.BytesIO(there)) is Origin.FOREIGN
            if foreign and not self.force:
                raise FileTakenError(FOREIGN.format(path=self.path))
            self._base = None if foreign else there
        return there

    def _is_still(self, there: bytes | None) -> None:
        if self._read() != there:
            raise _Meanwhile

    def _read(self) -> bytes | None:
        with sentences(self.path):
            refuse_what_is_no_file(self.path)
            try:
                return self.path.read_bytes()
            except FileNotFoundError:
                return None

    def _compose(self, base: bytes, report: RunReport, file: BinaryIO) -> list[str]:
        with sound(self.path):
            package = Package(self.path, io.BytesIO(base))
            untouched = origin_of_content(io.BytesIO(base)) is Origin.UNTOUCHED
            return write_with_run(package, untouched, report, file)

    def _compose_default(self, report: RunReport, file: BinaryIO) -> list[str]:
        tables = build.compute(DEFAULT, LEARNING_RATES, ITERATIONS)
        formulas = UDF if self._has_macros else NATIVE
        build.write(file, DEFAULT, tables, formulas=formulas, macros=self._has_macros, report=report)
        return list(NAMES)

    @property
    def _has_macros(self) -> bool:
        return self.path.suffix.lower() == ".xlsm"


def _word(path: Path) -> str:
    """A path as one word of a command."""
    return f'"{path}"' if " " in str(path) else str(path)
