"""LibreOffice as a host, and a workbook that is open in it as a target: the component is asked, see bridge.py."""

from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

from trainer.run import Run
from workbook.live import buttons, epoch_rows
from workbook.live.follow import follow_alone
from workbook.live.target import Blocked, Target
from workbook.sheets.training_cells import COLUMNS, MAX_EPOCHS, PROGRESS, RUN_FOLDER, SETTINGS, STATUS

SLACK_ROWS = 200
"""So many rows more than epochs are looked at: people insert some."""
ATTEMPTS = 20
"""So often the rows are planned anew because somebody changed them meanwhile; then the next look has its turn."""
LONGEST_LINE = 1000  # characters of the status

Ask = Callable[..., Any]


def press(button: str, ask: Ask, full_name: str) -> None:
    """Do what a button of the workbook does, by its name in `buttons`; `opened` is quiet where there is no run yet."""
    document = OpenDocument(ask, full_name)
    if button != "opened" or document.run_folder() is not None:
        getattr(buttons, button)(Calc(document))


class Calc:
    """See Host: LibreOffice, whose followers are threads here."""

    def __init__(self, document: "OpenDocument"):
        """The workbook whose button was pressed."""
        self._document = document

    def pressed(self) -> Target:
        """See Host."""
        return self._document

    def start_follower(self, folder: Path, target: Target) -> None:
        """See Host."""
        Thread(target=follow_alone, args=(folder, target), daemon=True).start()


class OpenDocument:
    """The sheet Training of a workbook that is open in Calc. Every call waits until LibreOffice answers.

    `ask(do, *arguments)` asks the component; it raises Blocked or Gone.
    """

    def __init__(self, ask: Ask, full_name: str):
        """Nothing is asked yet."""
        self._ask, self.full_name = ask, full_name
        self._noticed = True  # perhaps by an earlier process

    def begin(self, folder: Path) -> None:
        """See Target."""
        if self._read(RUN_FOLDER) != str(folder):
            self._carry_out(MAX_EPOCHS, epoch_rows.without_epochs)
            self._ask("write", {RUN_FOLDER: str(folder)})

    def run_folder(self) -> Path | None:
        """See Target."""
        written = self._read(RUN_FOLDER)
        return Path(written) if isinstance(written, str) and written else None

    def settings(self) -> dict[str, object]:
        """See Target."""
        return self._ask("read", [setting.name for setting in SETTINGS])

    def show(self, run: Run) -> None:
        """See Target."""
        wanted = [[float(getattr(row, field)) for field, *_ in COLUMNS] for row in run.rows[:MAX_EPOCHS]]
        self._carry_out(len(wanted), lambda cells, framed: epoch_rows.plan(cells, wanted, framed))

    def tell(self, line: str, progress: float) -> None:
        """See Target."""
        self._ask("write", {STATUS: _line(line), PROGRESS: progress})
        if self._noticed:
            self._ask("notice", "")
            self._noticed = False

    def notice(self, sentence: str) -> None:
        """See Target. LibreOffice shows a bar above the sheet, whatever became of that."""
        try:
            self._ask("write", {STATUS: _line(sentence)})
        except Blocked:
            self._noticed = True
            self._ask("notice", _line(sentence))

    def _read(self, name: str) -> object:
        return self._ask("read", [name])[name]

    def _carry_out(self, epochs: int, plan: Callable[[list, int], dict]) -> None:
        """Plan and write until nothing is left to write, or somebody keeps changing the rows. The frame comes first."""
        for _ in range(ATTEMPTS):
            headers, *rows = self._ask("rows", 0, 1 + epochs + SLACK_ROWS, len(COLUMNS))
            _check_headers(headers)
            cells = [[None if cell == "" else cell for cell in row] for row in rows]
            framed = self._ask("frame")
            changes = plan(cells, framed or len(cells))
            if not changes:
                return
            height = 1 + max((place for place, row in changes.items() if row), default=-1)
            if 0 < framed < height:
                self._ask("resize", height)
            for first, together in epoch_rows.together(changes):
                before = [*rows, *[[""] * len(COLUMNS)] * len(together)][first : first + len(together)]
                if not self._ask("put", 1 + first, before, None if together[0] is epoch_rows.BLANK else together):
                    break


def _check_headers(headers: list[str]) -> None:
    ours = [header for _, header, _ in COLUMNS]
    if any(header in ours and header != ours[k] for k, header in enumerate(headers)):
        raise Blocked("The columns of the epoch table stand in another order; undo that, and the rows come.")


def _line(text: str) -> str:
    return " ".join(text.split())[:LONGEST_LINE]
