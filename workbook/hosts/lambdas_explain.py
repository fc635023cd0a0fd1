"""LAMBDAs that explain one gradient line by line, in the words of `xlfuncs.explain`.

A text of a formula is written from the formula itself: what stands for t, a, z and another output's activation is put
in afterwards. Rows are (symbol, formula, number).
"""

from collections.abc import Callable

from workbook.hosts.lambdas_formulas import (
    EACH,
    MEAN_OF_ALL,
    A,
    T,
    by_loss,
    chosen,
    fits,
    loss_slope,
    output_delta,
    own_share,
    slope,
    written,
)
from workbook.hosts.lambdas_spec import ACTIVATION_NAMES, LOSS_NAMES, number_of
from xlfuncs.derivative import times
from xlfuncs.expression import Expr, name, text

_SOFTMAX = number_of("softmax", ACTIVATION_NAMES)
_MEAN = "OR(" + ", ".join(f"loss={number_of(loss, LOSS_NAMES)}" for loss in MEAN_OF_ALL) + ")"
_OTHER = name("K")


def _template(formula: Expr, prefix: str = "") -> str:
    """The formula's text as an Excel expression, in the LAMBDA's texts for t, a, z and K; without a number in front."""
    found = text(formula).removeprefix(prefix)
    parts, plain = [], ""
    for k, sign in enumerate(found):
        alone = not (found[k - 1 : k].isalpha() if k else False) and not found[k + 1 : k + 2].isalpha()
        if sign in _TEXTS and alone:
            parts += [f'"{plain}"'] if plain else []
            parts.append(_TEXTS[sign])
            plain = ""
        else:
            plain += sign
    parts += [f'"{plain}"'] if plain else []
    return "&".join(parts)


_TEXTS = {"t": "want", "a": "out", "z": "unit", "K": "another"}


def _factor(formula: Expr, prefix: str = "") -> str:
    """The same as a factor of a product: what stands before ·q."""
    found = text(times(formula, name("q"))).removeprefix(prefix)
    assert found.endswith("·q"), found
    return _template(name(found.removesuffix("·q")))


def _number(loss: str) -> str:
    return "2·" if loss in ("squared", *MEAN_OF_ALL) else ""


def _slopes(template: Callable[[str], str]) -> str:
    cases = {k: template(a) for k, a in enumerate(ACTIVATION_NAMES, start=1) if a in EACH}
    return chosen("activation", cases)


def _slope_factor(activation: str) -> str:
    return '""' if activation == "identity" else f'"·"&{_factor(slope(activation))}'


def _cores() -> str:
    def of_loss(loss: str) -> str:
        fitting = {
            number_of(a, ACTIVATION_NAMES): _factor(output_delta(loss, a), _number(loss)) for a in EACH if fits(loss, a)
        }
        return chosen("activation", fitting)

    return by_loss(of_loss)


def _other_template(loss: str) -> str:
    return _template(times(loss_slope(loss), -(A * _OTHER)), _number(loss))


EXPLAIN = {
    "GS_TWO": f"""
        # the number in front of a loss's formula, and what it is divided by
        LAMBDA(loss, many, LET(shared, GCD(2, many), over, many/shared,
            whole, OR(over=1, over=2, over=4, over=8, over=16, over=32, over=64, over=128, over=256),
            IF({_MEAN}, IF(whole, IF(many=2, {{"",""}}, HSTACK(IF(many=4, "½", GS_POINT(2/many))&"·", "")),
                HSTACK(IF(shared=2, "", "2·"), "/"&over)),
            IF(loss={number_of("squared", LOSS_NAMES)}, {{"2·",""}}, {{"",""}}))))""",
    "GS_LOSS_TEXT": f"""
        # ∂E/∂a
        LAMBDA(loss, many, want, out, LET(two, GS_TWO(loss, many), before, INDEX(two, 1, 1), after, INDEX(two, 1, 2),
            IF(loss={number_of("binary-cross-entropy", LOSS_NAMES)}, {_template(loss_slope("binary-cross-entropy"))},
            IF(loss={number_of("cross-entropy", LOSS_NAMES)}, {_template(loss_slope("cross-entropy"))},
            IF(before&after="", {_template(A - T)}, before&"("&{_template(A - T)}&")"&after)))))""",
    "GS_LOSS_NUMBER": f"""
        LAMBDA(loss, many, want, out, ({by_loss(lambda loss: written(loss_slope(loss)))})/IF({_MEAN}, many, 1))""",
    "GS_SLOPE_TEXT": f"LAMBDA(activation, unit, out, {_slopes(lambda a: _template(slope(a)))})",
    "GS_SLOPE_FACTOR": f"LAMBDA(activation, unit, out, {_slopes(_slope_factor)})",
    "GS_CORE": f"""
        # an output's ∂E/∂z as a factor, without numbers
        LAMBDA(loss, activation, want, unit, out, {_cores()})""",
    "GS_OWN": f"LAMBDA(loss, want, out, {by_loss(lambda loss: _template(own_share(loss), _number(loss)))})",
    "GS_OTHER": f"LAMBDA(loss, want, out, another, {by_loss(_other_template)})",
    "GS_DELTA_SUM": f"""
        # softmax: ∂E/∂z of output u as a sum over all outputs
        LAMBDA(loss, many, u, REDUCE("", SEQUENCE(many), LAMBDA(so_far, j, LET(
            two, GS_TWO(loss, many),
            sum_, loss={number_of("binary-cross-entropy", LOSS_NAMES)},
            own, IF(j=u, GS_OWN(loss, "t"&j, "a_o"&j), GS_OTHER(loss, "t"&j, "a_o"&j, "a_o"&u)),
            term, IF(AND(sum_, j>1), IF(j=u, "("&own&")", "["&own&"]"), own),
            so_far&IF(j=1, "", " + ")&INDEX(two, 1, 1)&term&INDEX(two, 1, 2)))))""",
    "GS_OUTPUT_DELTA": f"""
        # ∂E/∂z of output u, times what follows it ("" or ·w5 and more)
        LAMBDA(spec, u, more, LET(
            layers, ROWS(spec)-1,
            loss, INDEX(spec, layers+1, 1),
            activation, INDEX(spec, layers, 5),
            many, INDEX(spec, layers, 2),
            IF(activation={_SOFTMAX},
                IF(more="", GS_DELTA_SUM(loss, many, u), "["&GS_DELTA_SUM(loss, many, u)&"]"&more), LET(
                two, GS_TWO(loss, many),
                core, GS_CORE(loss, activation, "t"&u, "o"&u, "a_o"&u),
                found, INDEX(two, 1, 1)&core&more&INDEX(two, 1, 2),
                IF(AND(found=core, found="(a_o"&u&" − t"&u&")"), MID(core, 2, LEN(core)-2), found)))))""",
    "GS_DELTA_TIMES": """
        # the same of unit u of layer k: where the table has a column for it, that column
        LAMBDA(spec, k, u, more, IF(GS_DELTAS(spec)>0, "∂E/∂"&GS_SYMBOL(spec, k)&u&more,
            GS_OUTPUT_DELTA(spec, u, more)))""",
    "GS_IS_SHORT": """
        # whether a text is a_o1 − t1: a sum that needs parentheses behind another term
        LAMBDA(words, u, words="a_o"&u&" − t"&u)""",
    "GS_ERROR_OF": f"""
        # which error a unit changes: its own at the output, all of them in a hidden layer
        LAMBDA(spec, k, u, LET(layers, ROWS(spec)-1, loss, INDEX(spec, layers+1, 1),
            IF(AND(k=layers, NOT({_MEAN}), INDEX(spec, k, 5)<>{_SOFTMAX}), "E"&u, "E_total")))""",
    "GS_OUTPUT_LINES": f"""
        LAMBDA(spec, passed, deltas, wanted, u, LET(
            layers, ROWS(spec)-1,
            loss, INDEX(spec, layers+1, 1),
            activation, INDEX(spec, layers, 5),
            many, INDEX(spec, layers, 2),
            want, INDEX(HSTACK(wanted, 0), 1, u),
            unit, INDEX(HSTACK(GS_UNITS(spec, passed, 1, layers), 0), 1, u),
            out, INDEX(HSTACK(GS_UNITS(spec, passed, 2, layers), 0), 1, u),
            IF(activation={_SOFTMAX}, HSTACK("∂E_total/∂o"&u, GS_DELTA_TIMES_OUT(spec, u),
                INDEX(HSTACK(GS_OF_LAYER(spec, deltas, layers), 0), 1, u)), VSTACK(
                HSTACK("∂"&GS_ERROR_OF(spec, layers, u)&"/∂a_o"&u, GS_LOSS_TEXT(loss, many, "t"&u, "a_o"&u),
                    GS_LOSS_NUMBER(loss, many, want, out)),
                HSTACK("∂a_o"&u&"/∂o"&u, GS_SLOPE_TEXT(activation, "o"&u, "a_o"&u), GS_SLOPE(activation, unit,
                    out))))))""",
    "GS_DELTA_TIMES_OUT": """
        LAMBDA(spec, u, GS_DELTA_SUM(INDEX(spec, ROWS(spec), 1), INDEX(spec, ROWS(spec)-1, 2), u))""",
    "GS_SLOPE": """
        # of one unit; two of them, since an array of one cell is no array in every program
        LAMBDA(activation, unit, out, SUM(GS_BACK(activation, HSTACK(1, 1), HSTACK(unit, unit),
            HSTACK(out, out)))/2)""",
    "GS_WEIGHT_NUMBER": """
        # the number in the name of the weight from source s into unit u of layer k
        LAMBDA(spec, k, u, s, REDUCE(0, SEQUENCE(k), LAMBDA(so_far, j, so_far+IF(j<k,
            INDEX(spec, j, 1)*INDEX(spec, j, 2), (u-1)*INDEX(spec, j, 1)+s))))""",
    "GS_HIDDEN_LINES": """
        # the lines of unit u of hidden layer k
        LAMBDA(spec, flat, passed, deltas, wanted, k, u, LET(
            layers, ROWS(spec)-1,
            symbol, GS_SYMBOL(spec, k)&u,
            many, INDEX(spec, k+1, 2),
            matrix, GS_WEIGHTS(spec, flat, k+1),
            after, GS_OF_LAYER(spec, deltas, k+1),
            ways, REDUCE(0, SEQUENCE(many), LAMBDA(so_far, v, LET(
                next, GS_SYMBOL(spec, k+1)&v,
                weight, "w"&GS_WEIGHT_NUMBER(spec, k+1, v, u),
                factor, INDEX(HSTACK(matrix, GS_ONES(many, 1)), v, u),
                through, GS_WAY(spec, k, u, v),
                shared, IF(GS_DELTAS(spec)>0, "", INDEX(GS_TWO(INDEX(spec, layers+1, 1), many), 1, 2)),
                said, GS_DELTA_TIMES(spec, k+1, v, "·"&weight),
                # the unit's own derivative comes whole, its divisor in front of the weight
                own, HSTACK(through, IF(shared="", said, SUBSTITUTE(said, "·"&weight&shared, shared&"·"&weight)),
                    INDEX(HSTACK(after, 0), 1, v)*factor),
                direct, HSTACK("∂"&next&"/∂a_"&symbol, weight, factor),
                lines, IF(GS_DELTAS(spec)>0, own,
                    VSTACK(GS_OUTPUT_LINES(spec, passed, deltas, wanted, v), direct, own)),
                IF(v=1, lines, VSTACK(so_far, lines))))),
            reaching, SUM(MAP(TOROW(TAKE(DROP(HSTACK(GS_ONES(many, 1), matrix), , u), many, 1)), after,
                LAMBDA(factor, delta_, factor*delta_))),
            all, IF(many=1, ways, VSTACK(ways, HSTACK("∂E_total/∂a_"&symbol,
                REDUCE("", SEQUENCE(many), LAMBDA(so_far, v, so_far&IF(v=1, "", " + ")&GS_WAY(spec, k, u, v))),
                reaching))),
            unit, INDEX(HSTACK(GS_UNITS(spec, passed, 1, k), 0), 1, u),
            out, INDEX(HSTACK(GS_UNITS(spec, passed, 2, k), 0), 1, u),
            VSTACK(all, HSTACK("∂a_"&symbol&"/∂"&symbol, GS_SLOPE_TEXT(INDEX(spec, k, 5), symbol, "a_"&symbol),
                GS_SLOPE(INDEX(spec, k, 5), unit, out)))))""",
    "GS_WAY": """
        # the symbol of what reaches an activation through unit v of the next layer
        LAMBDA(spec, k, u, v, LET(
            symbol, GS_SYMBOL(spec, k)&u,
            error_, IF(INDEX(spec, k+1, 2)=1, "E_total", GS_ERROR_OF(spec, k+1, v)),
            "∂"&error_&"/∂a_"&symbol&IF(OR(error_<>"E_total", INDEX(spec, k+1, 2)=1), "",
                " through "&GS_SYMBOL(spec, k+1)&v)))""",
    "GS_BY_ITS_SUM": """
        # ∂E_total/∂z of unit u of layer k, times what follows it ("" or ·i1)
        LAMBDA(spec, k, u, more, IF(k=ROWS(spec)-1, GS_OUTPUT_DELTA(spec, u, more), LET(
            symbol, GS_SYMBOL(spec, k)&u,
            slopes, GS_SLOPE_FACTOR(INDEX(spec, k, 5), symbol, "a_"&symbol)&more,
            many, INDEX(spec, k+1, 2),
            IF(many=1, GS_DELTA_TIMES(spec, k+1, 1, "·w"&GS_WEIGHT_NUMBER(spec, k+1, 1, u)&slopes), LET(
                sums, REDUCE("", SEQUENCE(many), LAMBDA(so_far, v, so_far&IF(v=1, "", " + ")&
                    GS_DELTA_TIMES(spec, k+1, v, "·w"&GS_WEIGHT_NUMBER(spec, k+1, v, u)))),
                IF(slopes="", sums, "["&sums&"]"&slopes))))))""",
    "GS_RESULT_OF": """
        # the result's formula for one unit
        LAMBDA(spec, k, u, more, IF(OR(ROWS(spec)>3, k=ROWS(spec)-1), GS_DELTA_TIMES(spec, k, u, more),
            GS_BY_ITS_SUM(spec, k, u, more)))""",
    "GS_EXPLAIN": f"""
        LAMBDA(spec, flat, samples, targets_, place, LET(
            layers, ROWS(spec)-1,
            sample, TAKE(samples, 1),
            wanted, TAKE(targets_, 1),
            learned, INDEX(HSTACK(GS_ALL_NAMES(spec), ""), 1, place),
            passed, GS_FORWARD(spec, flat, sample),
            deltas, GS_BACKWARD(spec, flat, wanted, passed),
            k, REDUCE(1, SEQUENCE(layers), LAMBDA(so_far, j, IF(place>INDEX(spec, j, 3), j, so_far))),
            ins, INDEX(spec, k, 1),
            units, INDEX(spec, k, 2),
            inside, place-INDEX(spec, k, 3),
            is_bias, inside>ins*units,
            alone, OR(NOT(is_bias), INDEX(spec, k, 4)=units),
            u, IF(is_bias, inside-ins*units, INT((inside-1)/ins)+1),
            s, IF(is_bias, 0, MOD(inside-1, ins)+1),
            first, IF(alone, u, 1),
            last, IF(alone, u, units),
            source, IF(is_bias, "1", IF(k=1, "i"&s, "a_"&GS_SYMBOL(spec, k-1)&s)),
            factor, IF(is_bias, 1, INDEX(HSTACK(GS_UNITS(spec, passed, 2, k-1), 0), 1, MAX(s, 1))),
            all, SEQUENCE(last-first+1, 1, first),
            number_, SUM(MAP(all, LAMBDA(each, INDEX(HSTACK(GS_OF_LAYER(spec, deltas, k), 0), 1, each)*factor))),
            whole, OR(NOT(alone), AND(k=layers, INDEX(spec, k, 5)={_SOFTMAX})),
            chain, REDUCE("", IF(alone, all, HSTACK(first, last)), LAMBDA(so_far, each, LET(
                symbol, GS_SYMBOL(spec, k)&each,
                so_far&IF(each=first, "", IF(units>2, " + … + ", " + "))&IF(whole, "∂E_total/∂"&symbol,
                    "∂"&GS_ERROR_OF(spec, k, each)&"/∂a_"&symbol&" · ∂a_"&symbol&"/∂"&symbol)&
                    " · ∂"&symbol&"/∂"&learned))),
            lines, REDUCE(HSTACK("∂E_total/∂"&learned, chain, number_), all, LAMBDA(so_far, each, VSTACK(so_far,
                IF(NOT(alone), HSTACK("∂E_total/∂"&GS_SYMBOL(spec, k)&each, GS_BY_ITS_SUM(spec, k, each, ""),
                    INDEX(HSTACK(GS_OF_LAYER(spec, deltas, k), 0), 1, each)),
                    IF(k=layers, GS_OUTPUT_LINES(spec, passed, deltas, wanted, each),
                    GS_HIDDEN_LINES(spec, flat, passed, deltas, wanted, k, each))),
                HSTACK("∂"&GS_SYMBOL(spec, k)&each&"/∂"&learned, source, factor)))),
            result, REDUCE("", all, LAMBDA(so_far, each, LET(
                term, GS_RESULT_OF(spec, k, each, IF(is_bias, "", "·"&source)),
                sum_, AND(each>first, IF(k=layers, AND(INDEX(spec, k, 5)={_SOFTMAX}, GS_DELTAS(spec)=0),
                    AND(layers<3, GS_SLOPE_FACTOR(INDEX(spec, k, 5), "", "")="", INDEX(spec, k+1, 2)>1))),
                so_far&IF(each=first, "", " + ")&IF(sum_, "["&term&"]",
                    IF(AND(each>first, GS_IS_SHORT(term, each)), "("&term&")", term))))),
            VSTACK(lines, HSTACK("∂E_total/∂"&learned, result, number_))))""",
}
