"""What can go wrong outside of gradsheet: one exception, and one below it for each kind that somebody tells apart."""


class GradsheetError(ValueError):
    """One sentence for the user: what is wrong and what to do.

    The command line prints it and exits with 2; an Excel function returns it as the cell's text.
    """


class DamagedError(GradsheetError):
    """A file was read, but holds something else than it should: reading it again won't help."""


class TooLittleMemoryError(GradsheetError):
    """Memory ran out; made from the advice that fits what was being done, such as `use fewer iterations`."""

    def __init__(self, advice: str):
        """The sentence is the same for every command, the advice is the command's."""
        super().__init__(f"There is too little memory for this; {advice}.")
