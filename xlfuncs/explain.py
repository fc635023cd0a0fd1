"""The chain rule of one weight, step by step: symbol, formula, number."""

from dataclasses import dataclass

from xlfuncs.errors import GradsheetError
from xlfuncs.expression import Expr, evaluate, label, name, number, text, total
from xlfuncs.network import Network

RESULT, STEP, FACTOR = "result", "step", "factor"


@dataclass(frozen=True)
class Step:
    """One line: `symbol` (∂a_h1/∂h1) equals `formula`, in the table's variables and the symbols of earlier steps.

    `kind` is RESULT for the weight's gradient, STEP for what multiplies to it, FACTOR for a finer detail of a step.
    """

    symbol: str
    formula: Expr
    kind: str = STEP

    @property
    def text(self) -> str:
        """The formula as a person writes it."""
        return text(self.formula)


def chain(network: Network, learned: str) -> str:
    """The chain rule in one line: ∂E1/∂a_o1 · ∂a_o1/∂o1 · ∂o1/∂w5. Of many units with one bias the first and last."""
    uses = _uses(network, learned)
    ways = [" · ".join([*_to_unit(network, unit, len(uses)), f"∂{unit}/∂{learned}"]) for unit, _ in uses]
    return " + ".join(ways if len(ways) < 3 else [ways[0], "…", ways[-1]])


def steps(network: Network, learned: str) -> list[Step]:
    """The steps from the error back to a weight or a bias; the last one is its gradient."""
    found: list[Step] = []
    uses = _uses(network, learned)
    for unit, by in uses:
        to_its_sum = _to_its_sum(network, unit) if len(uses) == 1 else [_by_its_sum(network, unit)]
        found += [*to_its_sum, Step(f"∂{unit}/∂{learned}", by)]
    return [*found, Step(f"∂E_total/∂{learned}", network.gradient(learned), RESULT)]


def values(network: Network, learned: str, row: dict[str, float]) -> list[float]:
    """The number of each step; `row` holds the table's variables by name.

    Raises GradsheetError where a step divides by 0, as cross-entropy's does at an output of exactly 0 or 1.
    """
    known = dict(row)
    found = steps(network, learned)
    for step in found:
        try:
            known[step.symbol] = float(evaluate(step.formula, known))
        except ZeroDivisionError as error:
            raise GradsheetError(
                f"{label(step.symbol)} = {step.text} divides by 0 with these numbers; use smaller weights or inputs."
            ) from error
    return [known[step.symbol] for step in found]


def _uses(network: Network, learned: str) -> list[tuple[str, Expr]]:
    """The units whose sum a weight or a bias is part of, and ∂(sum)/∂(weight or bias)."""
    for bias in network.biases:
        if bias.name == learned:
            return [(unit, number(1)) for unit in bias.targets]
    weight = network.weight(learned)
    return [(weight.target, name(weight.source))]


def _to_unit(network: Network, unit: str, uses: int) -> list[str]:
    """The symbols of the chain from the error to a unit's sum, which is one of so many that a bias is part of."""
    if network.slope(unit) is None or uses > 1:
        return [f"∂E_total/∂{unit}"]
    return [f"∂{_error_symbol(network, unit)}/∂a_{unit}", f"∂a_{unit}/∂{unit}"]


def _error_symbol(network: Network, unit: str) -> str:
    """Which error a unit changes: its own at the output, all of them in a hidden layer."""
    depth, row = network.place(unit)
    last = depth == len(network.layers) - 1
    alone = last and network.errors_add_up and network.slope(unit) is not None
    return network.error_names[row] if alone else "E_total"


def _to_its_sum(network: Network, unit: str) -> list[Step]:
    """The steps that give the error's derivative by a unit's sum."""
    slope = network.slope(unit)
    if slope is None:
        return [_by_its_sum(network, unit)]
    return [*_to_its_activation(network, unit), Step(f"∂a_{unit}/∂{unit}", slope)]


def _by_its_sum(network: Network, unit: str) -> Step:
    """The error's derivative by a unit's sum in one step: of softmax, or where a bias is shared by a whole layer."""
    return Step(f"∂E_total/∂{unit}", network.reaching(unit))


def _to_its_activation(network: Network, unit: str) -> list[Step]:
    """The steps that give the error's derivative by a unit's activation."""
    depth, row = network.place(unit)
    activation = f"a_{unit}"
    if depth == len(network.layers) - 1:
        return [Step(f"∂{_error_symbol(network, unit)}/∂{activation}", network.reaching(activation))]
    found, parts = [], []
    for way, formula in zip(network.outgoing(depth, row), network.error_through(depth, row), strict=True):
        error = _error_symbol(network, way.target)
        if way.target not in network.delta_columns:
            found += [_as_factor(step) for step in _to_its_sum(network, way.target)]
            found.append(Step(f"∂{way.target}/∂{activation}", name(way.name), FACTOR))
        through = f" through {way.target}" if error == "E_total" else ""
        found.append(Step(f"∂{error}/∂{activation}{through}", formula))
        parts.append(name(found[-1].symbol))
    if len(parts) == 1:
        # One unit follows: E_total is its error, and the sum would be a line that says nothing.
        return [*found[:-1], Step(f"∂E_total/∂{activation}", found[-1].formula)]
    return [*found, Step(f"∂E_total/∂{activation}", total(parts))]


def _as_factor(step: Step) -> Step:
    return Step(step.symbol, step.formula, FACTOR)


def lines(network: Network, learned: str, row: dict[str, float]) -> list[tuple[str, str, float]]:
    """(symbol, formula, number) from the chain rule to its result: what BP_EXPLAIN shows."""
    numbers = values(network, learned, row)
    first = (f"∂E_total/∂{learned}", chain(network, learned), numbers[-1])
    shown = zip(steps(network, learned), numbers, strict=True)
    return [first, *((label(step.symbol), step.text, number) for step, number in shown)]
