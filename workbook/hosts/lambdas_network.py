"""LAMBDAs that compute any network: forward, error, gradients, the next weights, the table.

The formulas of activations, losses and optimizers are written from their descriptions in `xlfuncs`. Samples are rows.
GS_FORWARD's result has two blocks of rows, the sums and the activations; its columns are the units of all layers,
inputs first. `state` has the weights in its first row, an optimizer's memory in those below.
"""

from collections.abc import Callable

from workbook.hosts.lambdas_spec import ACTIVATION_NAMES, LOSS_NAMES, OPTIMIZER_NAMES, number_of
from xlfuncs.activations import ACTIVATIONS, LOSSES, OF_A_WHOLE_LAYER
from xlfuncs.derivative import derivative, times
from xlfuncs.expression import Expr, excel, name, total
from xlfuncs.operations import ONE
from xlfuncs.optimizers import OPTIMIZERS, RATE

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
_NEED_SHARES = ("binary-cross-entropy", "cross-entropy")
SUM_OF_ALL, MEAN_OF_ALL = (
    [loss for loss in LOSS_NAMES if (LOSSES[loss].whole is total) is whole] for whole in (True, False)
)


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


def _each_activation() -> str:
    def case(activation: str) -> str:
        if activation in OF_A_WHOLE_LAYER:
            return "GS_SHARES(sums)"
        if activation == "identity":
            return "sums"
        return f"MAP(sums, LAMBDA(unit, {written(ACTIVATIONS[activation](Z, [Z]))}))"

    return chosen("activation", {k: case(activation) for k, activation in enumerate(ACTIVATION_NAMES, start=1)})


def _each_back() -> str:
    def case(activation: str) -> str:
        formula = written(times(BACK, slope(activation)))
        if formula == "back":
            return "reaching"
        return f"MAP(reaching, sums, outs, LAMBDA(back, unit, out, {formula}))"

    return chosen("activation", {number_of(activation, ACTIVATION_NAMES): case(activation) for activation in EACH})


def _each_output() -> str:
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

    return _by_loss(of_loss)


def _by_loss(text: Callable[[str], str]) -> str:
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


def _shared_by() -> str:
    """By how much E_total is divided: the outputs where the loss is their mean."""
    means = ", ".join(f"loss={number_of(loss, LOSS_NAMES)}" for loss in MEAN_OF_ALL)
    return f"IF(OR({means}), COLUMNS(wanted), 1)"


def _next_state() -> str:
    def case(optimizer: str) -> str:
        how = OPTIMIZERS[optimizer]
        states = how.states("w", name("g"))
        parts = [f"{letter}_before, CHOOSEROWS(state, {row})" for row, letter in enumerate(states, start=2)]
        parts += [f"{letter}_now, {written(formula)}" for letter, formula in states.items()]
        found = written(name("w") - how.step("w", name("g")))
        rows = ", ".join([found, *(f"{letter}_now" for letter in states)])
        return f"LET({', '.join(parts)}, VSTACK({rows}))" if states else rows

    return chosen("optimizer", {k: case(optimizer) for k, optimizer in enumerate(OPTIMIZER_NAMES, start=1)})


def _memory() -> str:
    """How many rows a state has below the weights."""
    counts = (len(OPTIMIZERS[optimizer].states("w", ONE)) for optimizer in OPTIMIZER_NAMES)
    return "{" + ",".join(map(str, counts)) + "}"


assert name("learning_rate") == RATE

NETWORK = {
    "GS_PART": "LAMBDA(flat, begin, many, TAKE(DROP(HSTACK(0, flat), , begin+1), 1, many))",
    "GS_WEIGHTS": """
        # a layer's matrix, a row a unit
        LAMBDA(spec, flat, k, WRAPROWS(GS_PART(flat, INDEX(spec, k, 3), INDEX(spec, k, 1)*INDEX(spec, k, 2)),
            INDEX(spec, k, 1)))""",
    "GS_BIAS": """
        # what is added to a layer's sums
        LAMBDA(spec, flat, k, LET(many, INDEX(spec, k, 4), IF(many=0, 0,
            GS_PART(flat, INDEX(spec, k, 3)+INDEX(spec, k, 1)*INDEX(spec, k, 2), many))))""",
    "GS_ONES": "LAMBDA(tall, wide, SEQUENCE(tall, wide, 1, 0))",
    "GS_SHARES": """
        LAMBDA(sums, LET(powers, EXP(sums-BYROW(sums, LAMBDA(line, MAX(line)))),
            powers/MMULT(powers, GS_ONES(COLUMNS(sums), 1))))""",
    "GS_ACTIVATE": f"LAMBDA(activation, sums, {_each_activation()})",
    "GS_BACK": f"LAMBDA(activation, reaching, sums, outs, {_each_back()})",
    "GS_OUTPUT": f"LAMBDA(loss, activation, wanted, sums, outs, LET(found, {_each_output()}, found/{_shared_by()}))",
    "GS_ERRORS": f"""
        # each output's error and E_total
        LAMBDA(loss, wanted, outs, LET(
            each, MAP(wanted, outs, LAMBDA(want, out, {_by_loss(lambda loss: written(LOSSES[loss].each(T, A)))})),
            HSTACK(each, MMULT(each, GS_ONES(COLUMNS(each), 1))/{_shared_by()})))""",
    "GS_FORWARD": """
        LAMBDA(spec, flat, samples, REDUCE(VSTACK(samples, samples), SEQUENCE(ROWS(spec)-1), LAMBDA(so_far, k, LET(
            many, ROWS(samples),
            source, TAKE(DROP(so_far, many), many, -INDEX(spec, k, 1)),
            sums, MMULT(source, TRANSPOSE(GS_WEIGHTS(spec, flat, k)))+GS_BIAS(spec, flat, k),
            HSTACK(so_far, VSTACK(sums, GS_ACTIVATE(INDEX(spec, k, 5), sums)))))))""",
    "GS_UNITS": """
        # the columns of a layer's units; `half` 1 their sums, 2 their activations; layer 0 is the inputs
        LAMBDA(spec, passed, half, k, LET(
            many, ROWS(passed)/2,
            block, IF(half=1, TAKE(passed, many), DROP(passed, many)),
            IF(k=0, TAKE(block, many, INDEX(spec, 1, 1)),
                TAKE(DROP(block, , INDEX(spec, k, 6)+INDEX(spec, k, 1)), many, INDEX(spec, k, 2)))))""",
    "GS_BACKWARD": """
        # the error's derivative by each unit's sum, layer by layer
        LAMBDA(spec, flat, wanted, passed, LET(
            layers, ROWS(spec)-1,
            many, ROWS(wanted),
            last, GS_OUTPUT(INDEX(spec, layers+1, 1), INDEX(spec, layers, 5), wanted, GS_UNITS(spec, passed, 1, layers),
                GS_UNITS(spec, passed, 2, layers)),
            IF(layers=1, last, REDUCE(last, SEQUENCE(layers-1, 1, layers-1, -1), LAMBDA(so_far, k, LET(
                reaching, MMULT(TAKE(so_far, many, INDEX(spec, k+1, 2)), GS_WEIGHTS(spec, flat, k+1)),
                HSTACK(GS_BACK(INDEX(spec, k, 5), reaching, GS_UNITS(spec, passed, 1, k), GS_UNITS(spec, passed, 2, k)),
                    so_far)))))))""",
    "GS_OF_LAYER": """
        # a layer's columns among those of GS_BACKWARD
        LAMBDA(spec, deltas, k, TAKE(DROP(HSTACK(GS_ONES(ROWS(deltas), 1), deltas), ,
            INDEX(spec, k, 6)+INDEX(spec, k, 1)-INDEX(spec, 1, 1)+1), ROWS(deltas), INDEX(spec, k, 2)))""",
    "GS_GRADIENTS": """
        # a row a sample, a column a weight or bias; 0 for fixed biases
        LAMBDA(spec, flat, wanted, passed, LET(
            deltas, GS_BACKWARD(spec, flat, wanted, passed),
            many, ROWS(wanted),
            DROP(REDUCE(GS_ONES(many, 1), SEQUENCE(ROWS(spec)-1), LAMBDA(so_far, k, LET(
                ins, INDEX(spec, k, 1),
                units, INDEX(spec, k, 2),
                added, INDEX(spec, k, 4),
                own, GS_OF_LAYER(spec, deltas, k),
                source, GS_UNITS(spec, passed, 2, k-1),
                places, SEQUENCE(1, ins*units)-1,
                by_weight, IF(many=1, TOROW(TRANSPOSE(own)*source),
                    MMULT(own, IF(INT(places/ins)+1-SEQUENCE(units)=0, 1, 0))*
                    MMULT(source, IF(places-ins*INT(places/ins)+1-SEQUENCE(ins)=0, 1, 0))),
                with_weight, HSTACK(so_far, by_weight),
                IF(added=0, with_weight, HSTACK(with_weight, IF(INDEX(spec, ROWS(spec), 5)<0, GS_ONES(many, added)*0,
                    IF(AND(added=1, units>1), MMULT(own, GS_ONES(units, 1)), own))))))), , 1)))""",
    "GS_MEAN": """
        # the mean of the rows
        LAMBDA(rows_, IF(ROWS(rows_)=1, rows_, MMULT(GS_ONES(1, ROWS(rows_)), rows_)/ROWS(rows_)))""",
    "GS_LEARNED": """
        # 1 for what is learned, 0 for fixed biases
        LAMBDA(spec, IF(INDEX(spec, ROWS(spec), 5)>0, GS_ONES(1, INDEX(spec, ROWS(spec), 6)),
            DROP(REDUCE(0, SEQUENCE(ROWS(spec)-1), LAMBDA(so_far, k, HSTACK(so_far,
                GS_ONES(1, INDEX(spec, k, 1)*INDEX(spec, k, 2)), GS_ONES(1, INDEX(spec, k, 4))*0))), , 1)))""",
    "GS_ONLY_LEARNED": """
        LAMBDA(spec, cells, IF(INDEX(spec, ROWS(spec), 5)>0, cells, FILTER(cells, GS_LEARNED(spec))))""",
    "GS_GRADIENT": """
        # the gradients' mean over the samples
        LAMBDA(spec, flat, samples, wanted, GS_MEAN(GS_GRADIENTS(spec, flat, wanted, GS_FORWARD(spec, flat,
            samples))))""",
    "GS_STEP": f"""
        # the optimizer's step from the state and the gradient
        LAMBDA(spec, state, gradient_, speed, iteration, LET(
            optimizer, INDEX(spec, ROWS(spec), 2),
            decay, INDEX(spec, ROWS(spec), 3),
            weights_, TAKE(state, 1),
            gradient, IF(decay=0, gradient_, gradient_+decay*weights_*GS_LEARNED(spec)),
            {_next_state()}))""",
    "GS_START": f"""
        # the state before the first iteration
        LAMBDA(spec, flat, LET(memory, INDEX({_memory()}, 1, INDEX(spec, ROWS(spec), 2)),
            IF(memory=0, flat, VSTACK(flat, GS_ONES(memory, COLUMNS(flat))*0))))""",
    "GS_BATCH": """
        # how many samples an iteration takes
        LAMBDA(spec, samples, LET(batch, INDEX(spec, ROWS(spec), 4), IF(batch=0, ROWS(samples), MIN(batch,
            ROWS(samples)))))""",
    "GS_BLOCK": """
        # the samples of an iteration, in turn
        LAMBDA(spec, samples, iteration, LET(batch, GS_BATCH(spec, samples), IF(batch=ROWS(samples), samples,
            TAKE(DROP(VSTACK(TAKE(samples, 1), samples, samples), MOD((iteration-1)*batch, ROWS(samples))+1),
                batch))))""",
    "GS_LATER": """
        # the state after so many iterations
        LAMBDA(spec, flat, samples, wanted, speed, iterations_, REDUCE(GS_START(spec, flat), SEQUENCE(iterations_),
            LAMBDA(state, k, GS_STEP(spec, state, GS_GRADIENT(spec, TAKE(state, 1), GS_BLOCK(spec, samples, k),
                GS_BLOCK(spec, wanted, k)), speed, k+1))))""",
    "GS_ALTERNATE": """
        # h1, a_h1, h2, a_h2, …
        LAMBDA(sums, outs, WRAPROWS(TOROW(HSTACK(TOCOL(sums), TOCOL(outs))), 2*COLUMNS(sums)))""",
    "GS_DOWN": "LAMBDA(line, many, IF(SEQUENCE(many)>0, line))",
    "GS_ROWS": """
        # an iteration's rows of the table, behind the state that it leads to
        LAMBDA(spec, state, block, wanted, speed, iteration, LET(
            flat, TAKE(state, 1),
            many, ROWS(block),
            layers, ROWS(spec)-1,
            passed, GS_FORWARD(spec, flat, block),
            deltas, GS_BACKWARD(spec, flat, wanted, passed),
            gradients_, GS_GRADIENTS(spec, flat, wanted, passed),
            left_part, REDUCE(HSTACK(GS_ONES(many, 1)*iteration, wanted, block), SEQUENCE(layers), LAMBDA(so_far, k,
                HSTACK(so_far, GS_DOWN(GS_PART(flat, INDEX(spec, k, 3),
                    INDEX(spec, k, 1)*INDEX(spec, k, 2)+INDEX(spec, k, 4)), many),
                    GS_ALTERNATE(GS_UNITS(spec, passed, 1, k), GS_UNITS(spec, passed, 2, k))))),
            with_errors, HSTACK(left_part, GS_ERRORS(INDEX(spec, layers+1, 1), wanted, GS_UNITS(spec, passed, 2,
                layers))),
            with_deltas, IF(layers<3, with_errors, REDUCE(with_errors, SEQUENCE(layers, 1, layers, -1),
                LAMBDA(so_far, k, HSTACK(so_far, GS_OF_LAYER(spec, deltas, k))))),
            shown, HSTACK(with_deltas, GS_ONLY_LEARNED(spec, gradients_)),
            memory, IF(ROWS(state)=1, shown, HSTACK(shown,
                GS_DOWN(TOROW(GS_ONLY_LEARNED(spec, DROP(state, 1)), , TRUE), many))),
            HSTACK(GS_DOWN(TOROW(GS_STEP(spec, state, GS_MEAN(gradients_), speed, iteration+1)), many), memory)))""",
    "GS_COLUMNS": f"""
        # how many columns the table has
        LAMBDA(spec, LET(
            layers, ROWS(spec)-1,
            ins, INDEX(spec, 1, 1),
            outputs_, INDEX(spec, layers, 2),
            units, SUM(TAKE(INDEX(spec, 0, 2), layers)),
            learned, SUM(GS_LEARNED(spec)),
            all, INDEX(spec, layers+1, 6),
            1+ins+outputs_+2*units+outputs_+1+IF(layers>2, units, 0)+all+
                (1+INDEX({_memory()}, 1, INDEX(spec, layers+1, 2)))*learned))""",
    "GS_TABLE": """
        # all rows; in blocks, since each VSTACK copies what is there
        LAMBDA(spec, flat, samples, wanted, speed, iterations_, LET(
            start, GS_START(spec, flat),
            hidden_, ROWS(start)*COLUMNS(start),
            first, EXPAND(TOROW(start), 1, hidden_+GS_COLUMNS(spec), 0),
            at_once, INT(SQRT(iterations_))+1,
            many, GS_BATCH(spec, samples),
            found, REDUCE(first, SEQUENCE(INT((iterations_-1)/at_once)+1), LAMBDA(so_far, part, LET(
                past, (part-1)*at_once,
                VSTACK(so_far, DROP(REDUCE(TAKE(so_far, -1), SEQUENCE(MIN(at_once, iterations_-past), 1, past+1),
                    LAMBDA(inner, k, LET(
                        state, WRAPROWS(TAKE(TAKE(inner, -1), 1, hidden_), COLUMNS(flat)),
                        VSTACK(inner, GS_ROWS(spec, state, GS_BLOCK(spec, samples, k), GS_BLOCK(spec, wanted, k),
                            speed, k))))), 1))))),
            DROP(DROP(found, 1), , hidden_)))""",
    "GS_NAMES": """
        # w1, w2, …, b1, … in the order of the columns
        LAMBDA(spec, TAKE(REDUCE(HSTACK("", 0, 0), SEQUENCE(ROWS(spec)-1), LAMBDA(so_far, k, LET(
            weights_, INDEX(so_far, 1, COLUMNS(so_far)-1),
            biases, INDEX(so_far, 1, COLUMNS(so_far)),
            many, INDEX(spec, k, 1)*INDEX(spec, k, 2),
            added, INDEX(spec, k, 4),
            before, TAKE(so_far, 1, COLUMNS(so_far)-2),
            own, HSTACK(before, "w"&SEQUENCE(1, many, weights_+1)),
            HSTACK(IF(added=0, own, HSTACK(own, "b"&SEQUENCE(1, added, biases+1))), weights_+many, biases+added)))),
            1, -INDEX(spec, ROWS(spec), 6)-2))""",
    "GS_ALL_NAMES": "LAMBDA(spec, DROP(GS_NAMES(spec), , -2))",
    "GS_SYMBOL": """
        LAMBDA(spec, k, IF(k=ROWS(spec)-1, "o", IF(ROWS(spec)=3, "h", "h"&k&"_")))""",
    "GS_HEADER": """
        LAMBDA(spec, LET(
            layers, ROWS(spec)-1,
            names, GS_ALL_NAMES(spec),
            learned, GS_ONLY_LEARNED(spec, names),
            outputs_, SEQUENCE(1, INDEX(spec, layers, 2)),
            left_part, REDUCE(HSTACK("Iteration", "t"&outputs_, "i"&SEQUENCE(1, INDEX(spec, 1, 1))), SEQUENCE(layers),
                LAMBDA(so_far, k, LET(units, GS_SYMBOL(spec, k)&SEQUENCE(1, INDEX(spec, k, 2)), HSTACK(so_far,
                    GS_PART(names, INDEX(spec, k, 3), INDEX(spec, k, 1)*INDEX(spec, k, 2)+INDEX(spec, k, 4)),
                    GS_ALTERNATE(units, "a_"&units))))),
            with_errors, HSTACK(left_part, "E"&outputs_, "E_total"),
            with_deltas, IF(layers<3, with_errors, REDUCE(with_errors, SEQUENCE(layers, 1, layers, -1),
                LAMBDA(so_far, k,
                HSTACK(so_far, "∂E/∂"&GS_SYMBOL(spec, k)&SEQUENCE(1, INDEX(spec, k, 2)))))),
            shown, HSTACK(with_deltas, "∂E/∂"&learned),
            GS_STATES))""",
    "GS_LOSS": """
        LAMBDA(spec, flat, samples, wanted, GS_ERRORS(INDEX(spec, ROWS(spec), 1), wanted,
            GS_UNITS(spec, GS_FORWARD(spec, flat, samples), 2, ROWS(spec)-1)))""",
    "GS_TOTAL": """
        # the mean of E_total over the samples
        LAMBDA(spec, flat, samples, wanted, SUM(TAKE(GS_LOSS(spec, flat, samples, wanted), ROWS(samples),
            -1))/ROWS(samples))""",
    "GS_DIFFERENCE": """
        LAMBDA(spec, flat, samples, wanted, LET(
            found, GS_ONLY_LEARNED(spec, GS_GRADIENT(spec, flat, samples, wanted)),
            places, GS_ONLY_LEARNED(spec, SEQUENCE(1, COLUMNS(flat))),
            MAX(MAP(found, places, LAMBDA(gradient, place, LET(
                shift, IF(SEQUENCE(1, COLUMNS(flat))=place, 0.00001, 0),
                ABS((GS_TOTAL(spec, flat+shift, samples, wanted)-GS_TOTAL(spec, flat-shift, samples, wanted))/0.00002
                    -gradient)))))))""",
}


def _states() -> str:
    """The header of the optimizer's columns, behind `shown`."""
    cases = {}
    for k, optimizer in enumerate(OPTIMIZER_NAMES, start=1):
        letters = list(OPTIMIZERS[optimizer].states("w", ONE))
        stacked = ", ".join(f'"{letter}_"&learned' for letter in letters)
        cases[k] = f"HSTACK(shown, TOROW(VSTACK({stacked}), , TRUE))" if letters else "shown"
    return chosen("INDEX(spec, layers+1, 2)", cases)


NETWORK["GS_HEADER"] = NETWORK["GS_HEADER"].replace("GS_STATES", _states())
