"""A workbook file as a target: the exporter writes it anew, whole or not at all, with the run as it then is."""

from pathlib import Path

from trainer.run import Run
from workbook import build, run_report
from workbook.page import NATIVE, UDF
from xlfuncs.network import DEFAULT, ITERATIONS, LEARNING_RATES


class WorkbookFile:
    """The default workbook with the sheets of a run."""

    def __init__(self, path: Path):
        """Write it without a run: what can't be written is told before hours of training, not after an epoch."""
        self.path = path
        macros = path.suffix.lower() == ".xlsm"
        self._how = {"formulas": UDF if macros else NATIVE, "macros": macros}
        self._tables = build.compute(DEFAULT, LEARNING_RATES, ITERATIONS)
        build.save(path, DEFAULT, self._tables, **self._how)

    def begin(self, folder: Path) -> int:
        """See Target: the file is always written whole."""
        return 0

    def show(self, run: Run, done: int) -> None:
        """See Target."""
        build.save(self.path, DEFAULT, self._tables, report=run_report.of_run(run), **self._how)

    def tell(self, line: str, progress: float) -> None:
        """See Target: a file is read after the training, and says all in its rows."""
