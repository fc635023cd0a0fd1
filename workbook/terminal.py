"""Lines on a terminal: broken between words, and free of control characters that a file's name might bring."""

import shutil
import sys
import textwrap
from typing import TextIO


def say(text: str, stream: TextIO | None = None) -> None:
    """Print lines to the stream (None: standard output); on a terminal they are broken between words.

    Elsewhere every line stays whole, so that programs can read it.
    """
    stream = stream or sys.stdout
    lines = printable(text).split("\n")
    if stream.isatty():
        lines = [wrapped(line, shutil.get_terminal_size().columns) for line in lines]
    print("\n".join(lines), file=stream)


def wrapped(line: str, columns: int) -> str:
    """The line in lines of at most so many columns; a word that is longer than that stays whole."""
    return textwrap.fill(line, columns, break_long_words=False, break_on_hyphens=False, replace_whitespace=False)


def printable(text: str) -> str:
    """The text with a mark in place of each character that a terminal would obey instead of showing it."""
    return "".join(sign if sign.isprintable() or sign == "\n" else "\N{REPLACEMENT CHARACTER}" for sign in text)
