"""What a sentence on a slip is about, and references in its words."""

from __future__ import annotations

from dataclasses import dataclass

from workbook.check.judge.classify import Diagnosis
from workbook.check.meaning.stages import Recognised
from workbook.check.meaning.words import leaf_text, names_text, row_text
from workbook.check.read.formula import Node
from xlfuncs.compiled import RATE
from xlfuncs.expression import label


@dataclass(frozen=True)
class Told:
    """What a sentence is about: the slip, the variables whose formulas have it, what the first of these formulas means,
    their table and the first wrong row."""

    diagnosis: Diagnosis
    variables: tuple[str, ...]
    meaning: Node
    table: Recognised
    row: int

    @property
    def who(self) -> str:
        """∂E/∂w3 and ∂E/∂w4."""
        return names_text(list(self.variables))

    @property
    def many(self) -> bool:
        """Whether the sentence is about several variables."""
        return len(set(self.variables)) > 1

    @property
    def use(self) -> str:
        """The verb for what stands in the formula."""
        return "use" if self.many else "uses"

    @property
    def read(self) -> str:
        """The verb for a reference."""
        return "read" if self.many else "reads"

    @property
    def swapped(self) -> bool:
        """Whether the slip is told by references: only then are there `old` and `new`."""
        return bool(self.diagnosis.swaps)

    @property
    def old(self) -> Node:
        """What stands there, of the first exchange."""
        return self.diagnosis.swaps[0][0]

    @property
    def new(self) -> Node:
        """What belongs there."""
        return self.diagnosis.swaps[0][1]

    @property
    def are_updates(self) -> bool:
        """Whether all the formulas are updates of weights or biases."""
        return all(variable in self.table.blueprint.learned for variable in self.variables)

    @property
    def swaps(self) -> list[tuple[Node, Node]]:
        """The exchanges in which something else belongs."""
        return [(old, new) for old, new in self.diagnosis.swaps if old != new]


def plain(node: Node) -> str:
    """A reference by its name alone, whatever its row."""
    return label(node.variable[0]) if node.kind == "var" else leaf_text(node)


def with_row(node: Node, other: Node) -> str:
    """A reference, with its row where the other's is another."""
    if node.kind == "var" and other.kind == "var" and node.variable[1] != other.variable[1]:
        return where(node)
    return plain(node)


def where(node: Node) -> str:
    """A reference with the row that it is in."""
    if node.kind != "var":
        return leaf_text(node)
    name, offset = node.variable
    if name == RATE:
        return "ɳ"
    return f"{label(name)} {row_text(offset)}" if offset else f"{label(name)} of its own row"
