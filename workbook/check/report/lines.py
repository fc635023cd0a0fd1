"""Lines that the terminal, the copies and the comments share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbook.check.judge.findings import Finding, TableReport

_NOTHING = 1e-13  # below this, two ways of calculating one number differ too


def table_text(table: TableReport) -> str:
    """One line on a table: where it stands, its verdict, network, rows and learning rate."""
    rate = f", ɳ = {table.learning_rate:g}" if table.learning_rate is not None else ""
    rate += f" ({table.learning_rate_cell})" if table.learning_rate_cell else ""
    network = "-".join(map(str, table.sizes))
    rows = f"{table.rows:,} row{'s' if table.rows != 1 else ''}"
    return f"{table.sheet}!{table.range}: {table.verdict} ({network}, {rows}{rate})"


def effect_text(finding: Finding) -> str:
    """What the fault does, in words; "" where that isn't known."""
    if finding.gradient_error is None or finding.total_error is None:
        return ""
    if max(finding.gradient_error, finding.total_error) < _NOTHING:
        why = finding.harmless_while or "the values are as they are"
        return f"It changes no number as long as {why}; with other values the table would be wrong."
    return f"Largest relative error: {_size(finding.gradient_error)} in ∂E/∂w, {_size(finding.total_error)} in E_total."


def _size(error: float) -> str:
    if error == float("inf"):
        return "no number at all"
    if error < _NOTHING:
        return "none"
    if error >= 10:
        return f"{error:,.0f}-fold"
    return f"{100 * error:.3g} %" if error >= 1e-6 else f"{error:.1e}"
