"""The formulas of activations, losses and optimizers as LAMBDAs have them, from their descriptions in `xlfuncs`.

Bound names: want, out and unit are a unit's target, activation and sum, `back` what reaches its activation.
"""

from collections.abc import Callable

from workbook.hosts.lambdas_spec import ACTIVATION_NAMES, LOSS_NAMES, OPTIMIZER_NAMES, number_of
from xlfuncs.activations import ACTIVATIONS, LOSSES, OF_A_WHOLE_LAYER
from xlfuncs.derivative import derivative, times
from xlfuncs.expression import Expr, excel, name, total
from xlfuncs.operations import ONE
from xlfuncs.optimizers import OPTIMIZERS

T, A, Z, BACK = name("t"), name("a"), name("z"), name("back")
_BOUND = {
    "t": "want",
    "a": "out",
    "z": "unit",
    "back": "back",
    "g": "gradient",
    "w": "weights_",
    "learning_rate": "speed",
}
EACH = [activation for activation in ACTIVATION_NAMES if activation not in OF_A_WHOLE_LAYER]
SOFTMAX = number_of("softmax", ACTIVATION_NAMES)
_NEED_SHARES = ("binary-cross-entropy", "cross-entropy")
MEAN_OF_ALL = [loss for loss in LOSS_NAMES if LOSSES[loss].whole is not total]
"""Losses whose E_total is the mean of the outputs' errors, not their sum."""


def written(formula: Expr, names: dict[str, str] = _BOUND) -> str:
    """The formula in a LAMBDA's bound names."""

    def cell(variable: str, is_previous: bool) -> str:
        if variable in names:
            return names[variable]
        return f"{variable[0]}_{'before' if is_previous else 'now'}" if variable != "iteration" else "iteration"

    return excel(formula, cell, guarded=True)


def chosen(by: str, cases: dict[int, str], otherwise: str | None = None) -> str:
    """IF(by=1, …, IF(by=2, …)); the last case needs no question."""
    *others, (last, text) = cases.items()
    found = text if otherwise is None else f"IF({by}={last}, {text}, {otherwise})"
    for case, text in reversed(others):
        found = f"IF({by}={case}, {text}, {found})"
    return found


def slope(activation: str) -> Expr:
    """∂a/∂z of one unit, in its a where that says it."""
    formula = ACTIVATIONS[activation](Z, [Z])
    return _in_activation(derivative(formula, "z"), formula)


def loss_slope(loss: str) -> Expr:
    """∂E/∂a of one output."""
    return derivative(LOSSES[loss].each(T, A), "a")


def output_delta(loss: str, activation: str) -> Expr:
    """∂E/∂z of one output with an activation of its own."""
    return times(loss_slope(loss), slope(activation))


def own_share(loss: str) -> Expr:
    """Softmax: what reaches an output's sum through its own activation."""
    return times(loss_slope(loss), A * (1 - A))


def other_share(loss: str) -> Expr:
    """Softmax: what reaches another output's sum through this activation, but for that output's own activation."""
    return times(loss_slope(loss), -A)


def _in_activation(expr: Expr, formula: Expr) -> Expr:
    if expr == formula:
        return A if formula != Z else Z
    args = tuple(_in_activation(arg, formula) if isinstance(arg, Expr) else arg for arg in expr.args)
    return Expr(expr.op, args)


def fits(loss: str, activation: str) -> bool:
    """Whether a last layer may have both."""
    return loss not in _NEED_SHARES or activation in ("sigmoid", "softmax")


def each_activation() -> str:
    """The activations of `sums` by the activation's number."""

    def case(activation: str) -> str:
        if activation in OF_A_WHOLE_LAYER:
            return "GS_SHARES(sums)"
        if activation == "identity":
            return "sums"
        return f"MAP(sums, LAMBDA(unit, {written(ACTIVATIONS[activation](Z, [Z]))}))"

    return chosen("activation", {k: case(activation) for k, activation in enumerate(ACTIVATION_NAMES, start=1)})


def each_back() -> str:
    """What reaches the sums from what is `reaching` the activations."""

    def case(activation: str) -> str:
        formula = written(times(BACK, slope(activation)))
        if formula == "back":
            return "reaching"
        return f"MAP(reaching, sums, outs, LAMBDA(back, unit, out, {formula}))"

    return chosen("activation", {number_of(activation, ACTIVATION_NAMES): case(activation) for activation in EACH})


def each_output() -> str:
    """∂E/∂z of the outputs, but for what a mean is divided by."""

    def pair(loss: str, activation: str) -> str:
        if activation in OF_A_WHOLE_LAYER:
            own, other = written(own_share(loss)), written(other_share(loss))
            return (
                f"LET(own, MAP(wanted, outs, LAMBDA(want, out, {own})), "
                f"other, MAP(wanted, outs, LAMBDA(want, out, {other})), "
                f"many, COLUMNS(outs), own+outs*MMULT(other, IF(SEQUENCE(many)-SEQUENCE(1, many)=0, 0, 1)))"
            )
        return f"MAP(wanted, sums, outs, LAMBDA(want, unit, out, {written(output_delta(loss, activation))}))"

    def of_loss(loss: str) -> str:
        fitting = [activation for activation in ACTIVATION_NAMES if fits(loss, activation)]
        return chosen("activation", {number_of(a, ACTIVATION_NAMES): pair(loss, a) for a in fitting})

    return by_loss(of_loss)


def by_loss(text: Callable[[str], str]) -> str:
    """A case for each loss; losses of one text share it."""
    texts = {number_of(loss, LOSS_NAMES): text(loss) for loss in LOSS_NAMES}
    groups: dict[str, list[int]] = {}
    for loss, found in texts.items():
        groups.setdefault(found, []).append(loss)
    *others, last = groups
    written_out = last
    for found in reversed(others):
        which = [f"loss={loss}" for loss in groups[found]]
        written_out = f"IF({which[0] if len(which) == 1 else 'OR(' + ', '.join(which) + ')'}, {found}, {written_out})"
    return written_out


def shared_by() -> str:
    """By how much E_total is divided: the outputs where the loss is their mean."""
    means = ", ".join(f"loss={number_of(loss, LOSS_NAMES)}" for loss in MEAN_OF_ALL)
    return f"IF(OR({means}), COLUMNS(wanted), 1)"


def next_state() -> str:
    """The state after the optimizer's step."""

    def case(optimizer: str) -> str:
        how = OPTIMIZERS[optimizer]
        states = how.states("w", name("g"))
        parts = [f"{letter}_before, CHOOSEROWS(state, {row})" for row, letter in enumerate(states, start=2)]
        parts += [f"{letter}_now, {written(formula)}" for letter, formula in states.items()]
        found = written(name("w") - how.step("w", name("g")))
        rows = ", ".join([found, *(f"{letter}_now" for letter in states)])
        return f"LET({', '.join(parts)}, VSTACK({rows}))" if states else rows

    return chosen("optimizer", {k: case(optimizer) for k, optimizer in enumerate(OPTIMIZER_NAMES, start=1)})


def memory() -> str:
    """How many rows a state has below the weights."""
    counts = (len(OPTIMIZERS[optimizer].states("w", ONE)) for optimizer in OPTIMIZER_NAMES)
    return "{" + ",".join(map(str, counts)) + "}"


def each_error() -> str:
    """An output's error."""
    return by_loss(lambda loss: written(LOSSES[loss].each(T, A)))


def states() -> str:
    """The header of the optimizer's columns, behind `shown`."""
    cases = {}
    for k, optimizer in enumerate(OPTIMIZER_NAMES, start=1):
        letters = list(OPTIMIZERS[optimizer].states("w", ONE))
        stacked = ", ".join(f'"{letter}_"&learned' for letter in letters)
        cases[k] = f"HSTACK(shown, TOROW(VSTACK({stacked}), , TRUE))" if letters else "shown"
    return chosen("INDEX(spec, layers+1, 2)", cases)
