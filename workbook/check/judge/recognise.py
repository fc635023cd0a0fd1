"""What a found table is: its biases, the cells elsewhere that stand for variables, its learning rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType

from workbook.check.judge.classify import Judge, judge_of
from workbook.check.judge.judged import Reading
from workbook.check.meaning.aliases import with_aliases
from workbook.check.meaning.evaluate import leaves
from workbook.check.meaning.learning_rate import VOTING_ROWS, find_rate, iteration_is_rate
from workbook.check.meaning.resolve import Resolver
from workbook.check.meaning.stages import Found, Recognised, grown
from workbook.check.read.book import Book
from xlfuncs.audit import estimate_rate
from xlfuncs.compiled import RATE
from xlfuncs.expected_table import Blueprint, blueprint_of, shared


def recognise(book: Book, found: Found, others: Sequence[Found]) -> Resolver:
    """The table with its biases, aliases and learning rate, ready to have its formulas resolved.

    `others` are the workbook's other tables.
    """
    resolver = Resolver(book, _with_biases(with_aliases(book, found)), others)
    if iteration_is_rate(resolver):
        resolver = Resolver(book, _without(resolver.table, "iteration"), others)
    rated = find_rate(resolver)
    with_it = Resolver(book, rated, others)
    if rated.rate is not None and _mostly_written(with_it, judge_of(rated.blueprint)):
        return Resolver(book, resolver.table, others)
    return with_it


def with_rate_in_numbers(reading: Reading, network: str | None) -> Recognised:
    """The table with a learning rate that stands in no cell: the one that most updates have as a number, or that typed
    values show. Of a network that isn't judged, nothing is known of it."""
    table = reading.table
    if table.rate is not None or network is not None or table.last < table.first:
        return table
    rate = estimate_rate(table.blueprint, dict(table.values)) if reading.values_only else reading.written_rate
    if rate is not None and reading.values_only:
        rate = float(f"{rate:.6g}")
    return grown(Recognised, table, rate=rate)


def _without(table: Recognised, variable: str) -> Recognised:
    """The table without a column whose label doesn't mean what it seemed to."""
    columns = {v: column for v, column in table.columns.items() if v != variable}
    values = {v: numbers for v, numbers in table.values.items() if v != variable}
    return grown(Recognised, table, columns=MappingProxyType(columns), values=MappingProxyType(values))


def _mostly_written(resolver: Resolver, judge: Judge) -> bool:
    """Whether more updates have the learning rate as a number than by a reference."""
    table = resolver.table
    known: dict[tuple[str, int], int] = {}
    votes = 0
    for variable in (v for v in table.blueprint.learned if v in table.columns):
        for row in list(table.rows)[1 : VOTING_ROWS + 1]:
            meaning = resolver.meaning(row, table.columns[variable])
            if meaning is None:
                continue
            key = (variable, id(meaning))
            if key not in known:
                refers = any(leaf.value == (RATE, 0) for leaf in leaves(meaning))
                known[key] = -1 if refers else judge.literal_rate(meaning, variable) is not None
            votes += known[key]
    return votes > 0


def _with_biases(table: Recognised) -> Recognised:
    """The table with biases that stand in a parameter block instead of in columns, and those that keep their value."""
    blueprint = _with_aliased_biases(table)
    biases = blueprint.bias_names
    if biases and table.last >= table.first and all(_is_kept(table, bias) for bias in biases):
        blueprint = shared(replace(blueprint, fixed_biases=True))
    return grown(Recognised, table, blueprint=blueprint)


def _with_aliased_biases(table: Recognised) -> Blueprint:
    names = {name for name in table.aliases.values() if name.startswith("b")}
    if names and not table.blueprint.biases:
        wider = blueprint_of([*table.columns, *names])
        if wider is not None:
            return shared(replace(wider, fixed_biases=not any(name in table.columns for name in names)))
    return table.blueprint


def _is_kept(table: Recognised, bias: str) -> bool:
    """Whether a bias without a gradient has one value in all rows: it isn't learned."""
    if f"grad_{bias}" in table.columns:
        return False
    if bias not in table.columns:
        return bias in table.aliases.values()
    cells = [(row, cell) for row in table.rows if (cell := table.cell(bias, row)) is not None]
    typed = {cell.value for _, cell in cells if cell.template is None}
    later = [cell.template for row, cell in cells if cell.template is not None and row > table.first]
    return bool(cells) and len(typed) <= 1 and all(template.tree.kind in ("ref", "name") for template in later)
