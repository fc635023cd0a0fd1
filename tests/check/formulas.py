"""Right formulas as small trees of tuples, spelled out here a second time, on purpose.

A tree's leaves name a variable and a row offset: ("var", "w1", -1).
"""

import math


def var(name, offset=0):
    return ("var", name, offset)


def num(value):
    return ("num", value)


def add(*terms):
    return ("+", *terms)


def mul(*factors):
    return ("*", *factors)


def sub(a, b):
    return ("-", a, b)


def bias_names(sizes, bias):
    """The bias of each unit: none, one a layer (True or "held"), one a unit ("unit"), or one for all ("one")."""
    _, n_hidden, n_out = sizes
    units = [f"h{j}" for j in range(1, n_hidden + 1)] + [f"o{m}" for m in range(1, n_out + 1)]
    if not bias:
        return {}
    if bias == "unit":
        return {unit: f"b{k}" for k, unit in enumerate(units, 1)}
    return {unit: "b1" if bias == "one" or unit[0] == "h" else "b2" for unit in units}


def right_formulas(sizes, bias):
    """Every computed variable's right formula for rows after the first."""
    of_unit = bias_names(sizes, bias)
    n_in, n_hidden, n_out = sizes
    hidden, outs = range(1, n_hidden + 1), range(1, n_out + 1)
    w_in = {(j, k): f"w{(j - 1) * n_in + k}" for j in hidden for k in range(1, n_in + 1)}
    w_out = {(m, j): f"w{n_hidden * n_in + (m - 1) * n_hidden + j}" for m in outs for j in hidden}
    weights = [*w_in.values(), *w_out.values()]
    found = {w: sub(var(w, -1), mul(var("LR"), var(f"grad_{w}", -1))) for w in weights}
    for j in hidden:
        terms = [mul(var(w_in[j, k]), var(f"i{k}")) for k in range(1, n_in + 1)] + (
            [var(of_unit[f"h{j}"])] if bias else []
        )
        found[f"h{j}"] = add(*terms) if len(terms) > 1 else terms[0]
        found[f"a_h{j}"] = ("sigma", var(f"h{j}"))
    for m in outs:
        terms = [mul(var(w_out[m, j]), var(f"a_h{j}")) for j in hidden] + ([var(of_unit[f"o{m}"])] if bias else [])
        found[f"o{m}"] = add(*terms) if len(terms) > 1 else terms[0]
        found[f"a_o{m}"] = ("sigma", var(f"o{m}"))
        found[f"E{m}"] = mul(num("0.5"), ("^", sub(var(f"t{m}"), var(f"a_o{m}")), 2))
    found["E_total"] = add(*[var(f"E{m}") for m in outs]) if n_out > 1 else var("E1")

    def delta(m):
        a = var(f"a_o{m}")
        return [sub(a, var(f"t{m}")), a, sub(num("1"), a)]

    def back(j):
        paths = [mul(*delta(m), var(w_out[m, j])) for m in outs]
        a = var(f"a_h{j}")
        return [add(*paths) if n_out > 1 else paths[0], a, sub(num("1"), a)]

    for (j, k), w in w_in.items():
        found[f"grad_{w}"] = mul(*back(j), var(f"i{k}"))
    for (m, j), w in w_out.items():
        found[f"grad_{w}"] = mul(*delta(m), var(f"a_h{j}"))
    for b in dict.fromkeys(of_unit.values()):
        terms = [mul(*(back if unit[0] == "h" else delta)(int(unit[1:]))) for unit in of_unit if of_unit[unit] == b]
        found[f"grad_{b}"] = add(*terms) if len(terms) > 1 or (b == "b1" and n_hidden == 1) else terms[0]
        found[b] = sub(var(b, -1), mul(var("LR"), var(f"grad_{b}", -1)))
    if bias == "held":
        found = {name: tree for name, tree in found.items() if "b" not in name}
    return found, weights


def number(tree, leaf):
    """A tree's value; `leaf(name, offset)` gives a variable's."""
    if tree[0] == "var":
        return leaf(tree[1], tree[2])
    if tree[0] == "num":
        return float(tree[1])
    parts = [number(part, leaf) if isinstance(part, tuple) else part for part in tree[1:]]
    match tree[0]:
        case "+":
            return math.fsum(parts)
        case "-":
            return parts[0] - parts[1]
        case "*":
            return math.prod(parts)
        case "^":
            return parts[0] ** parts[1]
        case "sigma":
            return 1 / (1 + math.exp(-parts[0]))
    raise ValueError(tree)
