"""From a readable LAMBDA to the form in which Excel keeps it in a file.

A source is written as a person types it into Excel, in one convention: what is bound (parameters and LET's variables)
is in small letters, functions and the names of other LAMBDAs are in capitals, `[weight]` is an optional parameter. A
line that begins with # is a comment. In the file bound names are `_xlpm.name`, optional parameters are declared
`_xlop.name`, newer functions have the prefix `_xlfn.`, and no blank stands outside of texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from openpyxl.utils import FORMULAE

MAX_TEXT = 255
"""Characters of a text inside a formula."""
MAX_STORED = 8192
"""Characters of a formula."""

NEWER = frozenset(
    [
        "BYCOL",
        "BYROW",
        "CHOOSECOLS",
        "CHOOSEROWS",
        "CONCAT",
        "DROP",
        "EXPAND",
        "HSTACK",
        "IFNA",
        "IFS",
        "ISOMITTED",
        "LAMBDA",
        "LET",
        "MAKEARRAY",
        "MAP",
        "NUMBERVALUE",
        "REDUCE",
        "SCAN",
        "SEQUENCE",
        "SWITCH",
        "TAKE",
        "TEXTAFTER",
        "TEXTBEFORE",
        "TEXTJOIN",
        "TEXTSPLIT",
        "TOCOL",
        "TOROW",
        "VSTACK",
        "WRAPROWS",
        "XMATCH",
    ]
)
"""Functions with the prefix _xlfn. in a file."""
NEWER_STILL = frozenset(["FILTER", "SORT"])
"""Functions with the prefix _xlfn._xlws. in a file."""
OLDER = frozenset(
    [
        "ABS",
        "AND",
        "CHAR",
        "CHOOSE",
        "CODE",
        "COLUMNS",
        "COUNT",
        "ERROR.TYPE",
        "EXP",
        "FALSE",
        "FIND",
        "GCD",
        "IF",
        "IFERROR",
        "INDEX",
        "INT",
        "ISBLANK",
        "ISERROR",
        "ISLOGICAL",
        "ISNUMBER",
        "ISTEXT",
        "LEFT",
        "LEN",
        "LN",
        "LOWER",
        "MAX",
        "MID",
        "MIN",
        "MMULT",
        "MOD",
        "N",
        "NOT",
        "OR",
        "REPT",
        "RIGHT",
        "ROUND",
        "ROWS",
        "SIGN",
        "SQRT",
        "SUBSTITUTE",
        "SUM",
        "SUMPRODUCT",
        "T",
        "TANH",
        "TEXT",
        "TRANSPOSE",
        "TRIM",
        "TRUE",
        "TRUNC",
        "UPPER",
        "VALUE",
    ]
)
"""Functions without a prefix."""

_TOKEN = re.compile(
    r"""(?P<text>"(?:[^"]|"")*")|(?P<optional>\[[a-z_]+\])|(?P<bound>[a-z_][a-z0-9_]*)|(?P<call>[A-Z][A-Z0-9_.]*)"""
    r"""|(?P<number>\d+\.?\d*(?:E[+-]?\d+)?|\.\d+)|(?P<sign><>|<=|>=|[-+*/^&=<>(),;{}%:!#?])|(?P<blank>\s+)"""
)
_CELL = re.compile(r"[a-z]{1,3}\d+|r\d*|c\d*|r\d*c\d*|\d+")


def stored(source: str, names: Iterable[str] = (), taken: Iterable[str] = ()) -> str:
    """The LAMBDA as a file keeps it, without a leading equals sign.

    `names` are the other LAMBDAs that it may call, `taken` names that a bound one must not have: those of the
    workbook's ranges. Raises ValueError for a source that Excel would read differently.
    """
    tokens = list(_tokens(source))
    _check_bound(tokens, set(taken))
    known = OLDER | NEWER | NEWER_STILL | set(names)
    written = []
    for kind, text in tokens:
        match kind:
            case "text" if len(text) > MAX_TEXT + 2:
                raise ValueError(f"a text of {len(text) - 2} characters; a formula's have at most {MAX_TEXT}")
            case "bound":
                written.append(f"_xlpm.{text}")
            case "optional":
                written.append(f"_xlop.{text[1:-1]}")
            case "call" if text not in known:
                raise ValueError(f"{text} is no known function")
            case "call":
                written.append(_prefix(text) + text)
            case _:
                written.append(text)
    found = "".join(written)
    if len(found) > MAX_STORED:
        raise ValueError(f"{len(found):,} characters; a formula has at most {MAX_STORED:,}")
    return found


def called(source: str) -> set[str]:
    """The functions and names that it calls."""
    return {text for kind, text in _tokens(source) if kind == "call"}


def _prefix(function: str) -> str:
    return "_xlfn." if function in NEWER else "_xlfn._xlws." if function in NEWER_STILL else ""


def _tokens(source: str) -> Iterator[tuple[str, str]]:
    code = "\n".join(line for line in source.splitlines() if not line.lstrip().startswith("#"))
    at = 0
    while at < len(code):
        found = _TOKEN.match(code, at)
        if found is None:
            raise ValueError(f"unreadable from {code[at : at + 40]!r}")
        at = found.end()
        if (kind := found.lastgroup) and kind != "blank":
            yield kind, found[0]


def _check_bound(tokens: list[tuple[str, str]], taken: set[str]) -> None:
    """Each bound name is declared, and clashes with no function, cell or range name."""
    declared = set(_declared(tokens))
    functions = {name.lower() for name in FORMULAE | OLDER | NEWER | NEWER_STILL}
    for name in declared:
        if name in functions or name in taken or _CELL.fullmatch(name):
            raise ValueError(f"{name} is a function's, a cell's or a range's name")
    unknown = {text for kind, text in tokens if kind == "bound"} - declared
    if unknown:
        raise ValueError(f"not bound: {', '.join(sorted(unknown))}")


def _declared(tokens: list[tuple[str, str]]) -> Iterator[str]:
    """The parameters of every LAMBDA and the variables of every LET."""
    opened: list[list] = []  # [function, place of the argument, the argument is only one bound name so far]
    for k, (kind, text) in enumerate(tokens):
        if text in ("(", "{"):
            opened.append([tokens[k - 1][1] if k else "", 0])
        elif text in (")", "}"):
            opened.pop()
        elif text == "," and opened:
            opened[-1][1] += 1
        elif kind in ("bound", "optional") and tokens[k + 1][1] == ",":
            function, place = opened[-1]
            starts = tokens[k - 1][1] in "(,"
            if starts and (function == "LAMBDA" or (function == "LET" and place % 2 == 0)):
                yield text.strip("[]")
