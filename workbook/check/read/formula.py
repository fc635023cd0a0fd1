"""Cell formulas as trees of references relative to their cell, so that a formula copied down a column is one formula.

openpyxl's tokenizer splits the text (it knows quoted sheet names, strings, errors and array constants and needs no
further package; `formulas` builds its own functions, but takes a second to import scipy, and pycel compiles to Python
source, which no formula of a stranger's file should become). What remains is Excel's operator precedence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from openpyxl.formula import Tokenizer
from openpyxl.formula.tokenizer import Token, TokenizerError
from openpyxl.utils import column_index_from_string

from workbook.parts.references import unquoted

MAX_LENGTH = 8192  # Excel's own limit of a formula
MAX_DEPTH = 60
MAX_LEVELS = 250  # levels of a tree, of which a long sum has one a term
_OF_PLACE = frozenset(("ROW", "COLUMN", "ROWS", "COLUMNS", "OFFSET", "LET"))  # what they give depends on the cell
MAX_NODES = 20_000  # of a tree into which other cells' formulas were put


class TooLargeError(ValueError):
    """A tree has more levels or nodes than anything will be done with."""


class Ref(NamedTuple):
    """A cell reference: offsets from the formula's cell, or positions where `$` stands. Rows and columns from 1."""

    sheet: str | None
    row: int
    column: int
    fixed_row: bool
    fixed_column: bool

    def at(self, row: int, column: int) -> tuple[int, int]:
        """The cell meant by a formula that stands in this row and column."""
        return self.row + (0 if self.fixed_row else row), self.column + (0 if self.fixed_column else column)


Value = (
    float | str | Ref | tuple[Ref, Ref] | tuple[str, int] | tuple[str, int, int] | tuple[str, int, int, float] | None
)
"""What a node holds. Its kind says which of these; `Node`'s properties give it as what it is."""


@dataclass(frozen=True)
class Node:
    """One node of a formula: number, text, ref, range, name, op, call or error, with its operands.

    `op` nodes have the operator and one or two operands; `call` the function's name in capitals and its arguments.
    Meanings have `var`, `cell`, `empty`, `list` and `unknown` besides, see `meaning.resolve`.
    """

    kind: str
    value: Value
    args: tuple[Node, ...] = ()
    depth: int = field(init=False, repr=False, compare=False)
    size: int = field(init=False, repr=False, compare=False)
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        """Hash, depth and size are asked for again and again, of trees that never change."""
        object.__setattr__(self, "_hash", hash((self.kind, self.value, self.args)))
        object.__setattr__(self, "depth", 1 + max((arg.depth for arg in self.args), default=0))
        object.__setattr__(self, "size", 1 + sum(arg.size for arg in self.args))

    def __hash__(self) -> int:
        """The hash of the whole tree."""
        return self._hash

    @property
    def ends(self) -> tuple[Ref, Ref]:
        """The first and the last cell of a range; of a ref both are its own."""
        value: Any = self.value
        assert self.kind in ("ref", "range"), self
        return (value, value) if self.kind == "ref" else value

    @property
    def ref(self) -> Ref:
        """The cell that a ref refers to."""
        value: Any = self.value
        assert self.kind == "ref", self
        return value

    @property
    def variable(self) -> tuple[str, int]:
        """The name of a var and its rows from the judged one."""
        value: Any = self.value
        assert self.kind == "var", self
        return value

    @property
    def place(self) -> tuple[str, int, int]:
        """Sheet, row and column of a cell or an empty one."""
        value: Any = self.value
        assert self.kind in ("cell", "empty"), self
        return value[:3]

    @property
    def number(self) -> float:
        """The number that a number or a cell is."""
        value: Any = self.value
        assert self.kind in ("number", "cell"), self
        return value[3] if self.kind == "cell" else value

    @property
    def word(self) -> str:
        """The operator, the function's name, the text, the error or the reason."""
        value: Any = self.value
        assert isinstance(value, str), self
        return value


def bounded(node: Node) -> Node:
    """The node, if it isn't too large. Raises TooLargeError otherwise."""
    if node.depth > MAX_LEVELS:
        raise TooLargeError("too long a chain of operations")
    if node.size > MAX_NODES:
        raise TooLargeError("too long when the cells it refers to are put into it")
    return node


@dataclass(frozen=True, eq=False)
class Template:
    """A formula independent of where it stands; equal formulas of one column share it.

    `text` is the formula as the file has it (without its equals sign) in the cell `home`, see `copied.own_text`.
    """

    tree: Node
    refs: tuple[Ref, ...]
    functions: frozenset[str]
    ranged: bool  # refers to a range, a defined name or its own row: not the same in every row
    text: str = ""
    home: tuple[int, int] = (1, 1)


@lru_cache(maxsize=1024)
def column_index(letters: str) -> int:
    """28 for AB, in capitals or not."""
    return column_index_from_string(letters.upper())


def parse(text: str, row: int, column: int) -> Template:
    """The formula (without its equals sign) that stands in that cell. What can't be read becomes an error node."""
    tree = _tree(text, row, column)
    refs: list[Ref] = []
    functions: set[str] = set()
    ranged = _collect(tree, refs, functions)
    return Template(tree, tuple(refs), frozenset(functions), ranged, text, (row, column))


def tokens_of(text: str) -> list[Token]:
    """The formula's tokens without spaces. Raises ValueError where it is none."""
    if len(text) > MAX_LENGTH:
        raise ValueError("too long")
    try:
        items = Tokenizer("=" + text).items
    except (TokenizerError, IndexError, AttributeError, ValueError) as error:
        raise ValueError(str(error)) from error
    return [token for token in items if token.type != Token.WSPACE]


def tree_of_tokens(tokens: list[Token], row: int, column: int) -> Node:
    """The tree of a list of tokens. Raises ValueError where they make no formula."""
    parser = _Parser(tokens, row, column)
    tree = parser.expression(0)
    if parser.peek() is not None:
        raise ValueError("something stands after the formula's end")
    return tree


def _tree(text: str, row: int, column: int) -> Node:
    try:
        return tree_of_tokens(tokens_of(text), row, column)
    except (ValueError, RecursionError) as error:
        return Node("error", str(error))


def _collect(node: Node, refs: list[Ref], functions: set[str]) -> bool:
    if node.kind == "ref":
        refs.append(node.ref)
    elif node.kind == "range":
        refs.extend(node.ends)
    elif node.kind == "call":
        functions.add(node.word)
    inner = [_collect(arg, refs, functions) for arg in node.args]
    return any(inner) or node.kind in ("range", "name") or (node.kind == "call" and node.value in _OF_PLACE)


_INFIX = {"=": 1, "<": 1, ">": 1, "<=": 1, ">=": 1, "<>": 1, "&": 2, "+": 3, "-": 3, "*": 4, "/": 4, "^": 5}
_PREFIX = 7  # -2^2 is 4 in a spreadsheet: the sign binds more tightly than the power


class _Parser:
    """Precedence climbing over the tokenizer's tokens."""

    def __init__(self, tokens: list[Token], row: int, column: int):
        self.tokens, self.at, self.row, self.column, self.depth = tokens, 0, row, column, 0

    def peek(self) -> Token | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def next(self) -> Token:
        token = self.peek()
        if token is None:
            raise ValueError("the formula ends too early")
        self.at += 1
        return token

    def expression(self, least: int) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ValueError("too deeply nested")
        left = self.operand()
        while (token := self.peek()) is not None:
            if token.type == Token.OP_POST:
                self.next()
                left = Node("op", "*", (left, Node("number", 0.01)))
            elif token.type == Token.OP_IN and _INFIX.get(token.value, -1) > least:
                self.next()
                left = bounded(Node("op", token.value, (left, self.expression(_INFIX[token.value]))))
            else:
                break
        self.depth -= 1
        return left

    def operand(self) -> Node:
        token = self.next()
        if token.type == Token.OP_PRE:
            inner = self.expression(_PREFIX - 1)
            return Node("op", "neg", (inner,)) if token.value == "-" else inner
        if token.type == Token.PAREN and token.subtype == Token.OPEN:
            inner = self.expression(0)
            self.close()
            return inner
        if token.type == Token.FUNC and token.subtype == Token.OPEN:
            return Node("call", _function(token.value), self.arguments())
        if token.type == Token.OPERAND:
            return self.leaf(token)
        raise ValueError(f"unexpected {token.value}")

    def arguments(self) -> tuple[Node, ...]:
        found: list[Node] = []
        empty = True  # nothing yet since the bracket or the last comma
        while True:
            token = self.peek()
            closing = token is not None and token.type == Token.FUNC and token.subtype == Token.CLOSE
            if closing or (token is not None and token.type == Token.SEP):
                self.next()
                if empty and (found or not closing):
                    found.append(Node("missing", None))
                if closing:
                    return tuple(found)
                empty = True
                continue
            found.append(self.expression(0))
            empty = False

    def close(self) -> None:
        if self.next().subtype != Token.CLOSE:
            raise ValueError("a bracket isn't closed")

    def leaf(self, token: Token) -> Node:
        if token.subtype == Token.NUMBER:
            return Node("number", float(token.value))
        if token.subtype == Token.LOGICAL:
            return Node("number", float(token.value.upper() == "TRUE"))
        if token.subtype == Token.RANGE:
            return reference(token.value, self.row, self.column)
        return Node("text" if token.subtype == Token.TEXT else "error", token.value)


def reference(text: str, row: int, column: int) -> Node:
    """A reference, a range or a defined name as a node."""
    sheet, _, cells = text.rpartition("!")
    parts = cells.split(":")
    found = [re.fullmatch(r"(\$?)([A-Za-z]{1,3})(\$?)([1-9]\d{0,6})", part) for part in parts]
    matches = [match for match in found if match is not None]
    if len(matches) < len(parts) or len(matches) > 2:
        return Node("name", text)
    name = unquoted(sheet) or None
    refs = []
    for match in matches:
        fixed_column, letters, fixed_row, digits = match.groups()
        at_row = int(digits) - (0 if fixed_row else row)
        at_column = column_index(letters) - (0 if fixed_column else column)
        refs.append(Ref(name, at_row, at_column, bool(fixed_row), bool(fixed_column)))
    return Node("ref", refs[0]) if len(refs) == 1 else Node("range", (refs[0], refs[1]))


def _function(text: str) -> str:
    return text.rstrip("(").upper().removeprefix("_XLFN.").removeprefix("_XLWS.")
