"""What can go wrong outside of gradsheet: one class a kind of failure, as a full disk and a typo are two.

Each is one sentence for the user: what is wrong and what to do. The command line prints it and exits with 2, an Excel
function returns it as the cell's text; `trainer.endings` is where that is decided.
"""

# gradsheet is installed from its own folder, not from a package index.
INSTALL = 'python -m pip install -e ".[train]" in gradsheet\'s folder'


class GradsheetError(ValueError):
    """What a caller catches who doesn't care which kind it is; raised itself by nobody."""


class OptionError(GradsheetError):
    """An option of a command, a setting of a button or an argument in Python can't be used, alone or with another."""


class CellValueError(GradsheetError):
    """What stands in a cell or a range isn't what a function or a button needs there."""


class NetworkError(GradsheetError):
    """The network described isn't one: an unknown word, a contradiction, not as many numbers as it needs."""


class LimitError(GradsheetError):
    """More than a sheet, a formula, Excel's patience or gradsheet itself can hold."""


class TooLittleMemoryError(GradsheetError):
    """Memory ran out; made from the advice that fits what was being done, such as `use fewer iterations`."""

    def __init__(self, advice: str):
        """The sentence is the same for every command, the advice is the command's."""
        super().__init__(f"There is too little memory for this; {advice}.")


class UnwritableError(GradsheetError):
    """A file or a folder can't be written: no right to it, no folder, a name too long, open in another program."""


class DiskFullError(UnwritableError):
    """There is no space left for the file; freeing some is all it takes."""


class FileTakenError(GradsheetError):
    """What stands there already isn't to be replaced: somebody's file, a run, the very file that is read."""


class UnreadableError(GradsheetError):
    """A file or a folder can't be read: it isn't there, or this account has no right to it."""


class NotAWorkbookError(UnreadableError):
    """A file was read, and it isn't a workbook, or one that is too damaged or too large to be anybody's."""


class DamagedError(UnreadableError):
    """A file of a run was read, but holds something else than it should: reading it again won't help."""


class RunError(GradsheetError):
    """A run isn't where what was asked for needs it: it trains already, is finished, is gone or never began."""


class TrainingError(GradsheetError):
    """A training can't go on: its numbers became infinite."""


class DataError(GradsheetError):
    """The data to train on can't be had, or aren't what they should be."""


class MissingPackageError(GradsheetError):
    """A Python package is missing, or the one that is installed lacks a part."""

    @classmethod
    def of(cls, package: str | None, needed_by: str = "gradsheet", cure: str = f"run {INSTALL}, then try again"):
        """The error for an ImportError's name; with what needs the package, and the advice where it is another one."""
        return cls(f"{needed_by} needs the package {package}; {cure}.")


class StartError(GradsheetError):
    """Another program or process can't be started."""
