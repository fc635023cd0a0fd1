"""Lines on a terminal: broken between words, and free of control characters that a file's name might bring."""

import re
import shutil
import sys
import textwrap
import unicodedata
from typing import TextIO

DIRECTIONS = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")  # they turn what follows around


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


def broken(name: str, columns: int) -> str:
    """A file's name in lines of at most so many columns, broken behind its own signs where it has some."""
    lines = [""]
    for piece in re.findall(r"[^ _.\-/\\]*[ _.\-/\\]*", name):
        if len(lines[-1]) + len(piece) > columns and lines[-1]:
            lines.append("")
        lines[-1] += piece
        while len(lines[-1]) > columns:
            lines[-1:] = [lines[-1][:columns], lines[-1][columns:]]
    return "\n".join(lines)


def printable(text: str) -> str:
    """The text with a mark in place of each character that a terminal would obey instead of showing it."""
    return "".join("\N{REPLACEMENT CHARACTER}" if is_obeyed(sign) and sign != "\n" else sign for sign in text)


def is_obeyed(sign: str) -> bool:
    """Whether a character does something instead of being seen: control, line and direction signs, half pairs."""
    return not sign.isprintable() and (
        unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") or unicodedata.bidirectional(sign) in DIRECTIONS
    )
