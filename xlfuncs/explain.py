"""The chain rule of one weight, step by step: symbol, formula, number."""

from dataclasses import dataclass

from xlfuncs.expression import Expr, evaluate, label, name, text, total
from xlfuncs.network import Network, Weight

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


def chain(network: Network, weight: Weight) -> str:
    """The chain rule in one line: ∂E1/∂a_o1 · ∂a_o1/∂o1 · ∂o1/∂w5."""
    activation = f"a_{weight.target}"
    error = _error_symbol(network, weight)
    return " · ".join(
        [f"∂{error}/∂{activation}", f"∂{activation}/∂{weight.target}", f"∂{weight.target}/∂{weight.name}"]
    )


def steps(network: Network, weight: Weight) -> list[Step]:
    """The steps from the error back to `weight`; the last one is its gradient."""
    activation = f"a_{weight.target}"
    return [
        *_reaching(network, weight),
        Step(f"∂{activation}/∂{weight.target}", _slope(activation)),
        Step(f"∂{weight.target}/∂{weight.name}", name(weight.source)),
        Step(f"∂E_total/∂{weight.name}", network.gradient(weight), RESULT),
    ]


def values(network: Network, weight: Weight, row: dict[str, float]) -> list[float]:
    """The number of each step; `row` holds the table's variables by name."""
    known = dict(row)
    for step in steps(network, weight):
        known[step.symbol] = float(evaluate(step.formula, known))
    return [known[step.symbol] for step in steps(network, weight)]


def _is_output(network: Network, weight: Weight) -> bool:
    return weight.layer == len(network.layers) - 1


def _error_symbol(network: Network, weight: Weight) -> str:
    """Which error the weight's unit changes: its own at the output, all of them in a hidden layer."""
    return network.error_names[weight.row] if _is_output(network, weight) else "E_total"


def _slope(activation: str) -> Expr:
    """σ'(x) = σ(x)·(1 − σ(x))."""
    return name(activation) * (1 - name(activation))


def _reaching(network: Network, weight: Weight) -> list[Step]:
    """The steps that give the error's derivative by the activation of the weight's unit."""
    activation = f"a_{weight.target}"
    if _is_output(network, weight):
        target = name(network.target_names[weight.row])
        return [Step(f"∂{_error_symbol(network, weight)}/∂{activation}", name(activation) - target)]
    found, parts = [], []
    outgoing = network.outgoing(weight.layer, weight.row)
    for way, formula in zip(outgoing, network.error_through(weight.layer, weight.row), strict=True):
        error, output, target = network.error_names[way.row], f"a_{way.target}", network.target_names[way.row]
        found += [
            Step(f"∂{error}/∂{output}", name(output) - name(target), FACTOR),
            Step(f"∂{output}/∂{way.target}", _slope(output), FACTOR),
            Step(f"∂{way.target}/∂{activation}", name(way.name), FACTOR),
            Step(f"∂{error}/∂{activation}", formula),
        ]
        parts.append(name(f"∂{error}/∂{activation}"))
    if len(parts) == 1:
        # One output: E_total is E1, and the sum would be a line that says nothing.
        return [*found[:-1], Step(f"∂E_total/∂{activation}", found[-1].formula)]
    return [*found, Step(f"∂E_total/∂{activation}", total(parts))]


def lines(network: Network, weight: Weight, row: dict[str, float]) -> list[tuple[str, str, float]]:
    """(symbol, formula, number) from the chain rule to its result: what BP_EXPLAIN shows."""
    numbers = values(network, weight, row)
    first = (f"∂E_total/∂{weight.name}", chain(network, weight), numbers[-1])
    shown = zip(steps(network, weight), numbers, strict=True)
    return [first, *((label(step.symbol), step.text, number) for step, number in shown)]
