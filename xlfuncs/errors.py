"""The one exception for a user's mistake."""


class GradsheetError(ValueError):
    """One sentence for the user: what is wrong and what to do.

    The command line prints it and exits with 2; an Excel function returns it as the cell's text.
    """
