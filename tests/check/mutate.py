"""Faults of every kind that the issue names, put into generated sheets: each knows its cells and its kind."""

import math
import random
import re
from dataclasses import dataclass

from tests.check.formulas import mul, num, sub, var
from tests.check.generate import Design, Sheet


@dataclass
class Mutation:
    """One fault: what the checker has to find."""

    kinds: tuple  # any of these, as kind or further kind
    name: str  # the variable
    rows: list  # the wrong rows
    slip: str


def replaced(tree, old, new, skip=0):
    """The tree with one occurrence of `old` replaced (the one after `skip` others), and whether that happened."""
    state = {"left": skip}

    def walk(node):
        if node == old:
            if state["left"] == 0:
                state["left"] -= 1
                return new
            state["left"] -= 1
            return node
        if not isinstance(node, tuple) or node[0] in ("var", "num"):
            return node
        return (node[0], *(walk(child) if isinstance(child, tuple) else child for child in node[1:]))

    changed = walk(tree)
    return changed, changed != tree


def everywhere(tree, old, new):
    """The tree with every occurrence of `old` replaced."""
    if tree == old:
        return new
    if tree[0] in ("var", "num", "raw"):
        return tree
    return (tree[0], *(everywhere(child, old, new) if isinstance(child, tuple) else child for child in tree[1:]))


def leaves(tree):
    if tree[0] == "var":
        return [tree]
    return [leaf for child in tree[1:] if isinstance(child, tuple) for leaf in leaves(child)]


def subtrees(tree):
    yield tree
    if tree[0] not in ("var", "num", "raw"):
        for child in tree[1:]:
            if isinstance(child, tuple):
                yield from subtrees(child)


def _rows(sheet, pick, from_row):
    """A whole column, one cell, or from some row on."""
    rows = list(range(from_row, sheet.last + 1))
    choice = pick.random()
    if choice < 0.5 or len(rows) < 2:
        return rows
    return [pick.choice(rows)] if choice < 0.8 else rows[pick.randrange(1, len(rows)) :]


def _put(sheet, pick, name, tree, kinds, slip, rows=None):
    first = sheet.first + (name in sheet.start or any(leaf[2] < 0 for leaf in leaves(tree)))
    rows = _rows(sheet, pick, first) if rows is None else rows
    # Left unshuffled: sums and products keep the order in which the slip was made.
    look, sheet.d.shuffle = sheet.d.shuffle, False
    sheet.set_formula(name, rows, tree)
    sheet.d.shuffle = look
    return Mutation(kinds, name, rows, slip)


def wrong_neuron(sheet, pick, taken):
    hidden = sheet.d.sizes[1]
    if hidden < 2:
        return None
    names = [n for n in sheet.formulas if n.startswith(("grad_w", "o")) and n not in taken]
    name = pick.choice(names)
    tree = sheet.formulas[name]
    present = [leaf for leaf in leaves(tree) if leaf[1].startswith("a_h")]
    if not present:
        return None
    old = pick.choice(present)
    if name.startswith("o") or ("o" in old[1] and False):
        return None
    other = pick.choice([f"a_h{j}" for j in range(1, hidden + 1) if f"a_h{j}" != old[1]])
    return _put(sheet, pick, name, everywhere(tree, old, var(other)), ("wrong neuron",), f"{old[1]} by {other}")


def pre_activation(sheet, pick, taken):
    names = [n for n in sheet.formulas if n.startswith(("grad_w", "o", "E")) and n not in taken and n != "E_total"]
    name = pick.choice(names)
    tree = sheet.formulas[name]
    present = [leaf for leaf in leaves(tree) if leaf[1].startswith("a_")]
    old = pick.choice(present)
    changed, _ = replaced(tree, old, var(old[1][2:]), pick.randrange(present.count(old)))
    return _put(sheet, pick, name, changed, ("pre-activation for activation",), f"{old[1]} by {old[1][2:]}")


def wrong_gradient(sheet, pick, taken):
    name = pick.choice([w for w in sheet.weights if w not in taken])
    other = pick.choice([w for w in sheet.weights if w != name])
    tree = everywhere(sheet.formulas[name], var(f"grad_{name}", -1), var(f"grad_{other}", -1))
    return _put(sheet, pick, name, tree, ("wrong gradient column",), f"grad of {other}")


def wrong_row(sheet, pick, taken):
    names = [n for n in sheet.formulas if n not in taken]
    name = pick.choice(names)
    tree = sheet.formulas[name]
    present = [leaf for leaf in dict.fromkeys(leaves(tree)) if leaf[1] != "LR" and leaf[1][0] not in "it"]
    if not present:
        return None
    old = pick.choice(present)
    shift = pick.choice([-3, -2, -1, 1, 2, 3])
    if (old[2] + shift == 0 and name in sheet.start) or (name in sheet.start and shift > 0):
        shift = -2
    changed = everywhere(tree, old, var(old[1], old[2] + shift))
    rows = _rows(sheet, pick, sheet.first + max(1, -(old[2] + shift)))
    return _put(sheet, pick, name, changed, ("wrong row", "wrong cell"), f"{old[1]} shifted {shift}", rows)


def wrong_row_of_input(sheet, pick, taken):
    """An input or target of another row: harmless where it is copied, a fault where it was typed."""
    if sheet.d.constants != "typed":
        return None
    name = pick.choice([n for n in sheet.formulas if n.startswith(("grad_w", "h", "E")) and n not in taken])
    present = [leaf for leaf in leaves(sheet.formulas[name]) if leaf[1][0] in "it"]
    if not present:
        return None
    old = pick.choice(present)
    changed = everywhere(sheet.formulas[name], old, var(old[1], pick.choice([-1, 1, 2])))
    rows = list(range(sheet.first + 1, sheet.last - 1))
    return _put(sheet, pick, name, changed, ("wrong row",), f"{old[1]} of another row", rows)


def missing_dollar(sheet, pick, taken):
    if sheet.d.rate_at not in ("cell", "computed"):
        return None
    name = pick.choice([w for w in sheet.weights if w not in taken])
    start = sheet.first + 1  # four rows below the rate's cell
    letters = sheet.fixed(sheet.rate_cell).split("$")[1]
    sheet.set_formula(
        name, range(start, sheet.last + 1), everywhere(sheet.formulas[name], var("LR"), ("raw", letters + "{higher}"))
    )
    rows = list(range(start + 1, sheet.last + 1))
    return Mutation(("missing $",), name, rows, "the rate's $ left out")


def stray_dollar(sheet, pick, taken):
    name = pick.choice([w for w in sheet.weights if w not in taken])
    target = pick.choice([name, f"grad_{name}"])
    start = sheet.first + 1
    tree = everywhere(sheet.formulas[name], var(target, -1), ("raw", sheet.ref(target, sheet.first, "r")))
    sheet.set_formula(name, range(start, sheet.last + 1), tree)
    return Mutation(("stray $",), name, list(range(start + 1, sheet.last + 1)), f"$ in {target}")


def lost_parentheses(sheet, pick, taken):
    names = [n for n in sheet.formulas if n.startswith(("a_", "E", "grad_w")) and n not in taken and n != "E_total"]
    name = pick.choice(names)
    tree = sheet.formulas[name]
    row = sheet.first

    def flat(at):
        if name.startswith("a_"):
            return f"1/1+EXP(-{sheet.ref(name[2:], at)})"
        if name.startswith("E"):
            return f"0.5*{sheet.ref('t' + name[1:], at)}-{sheet.ref('a_o' + name[1:], at)}^2"
        if name.startswith("grad_w"):
            text = plain(sheet, tree, at)
            brackets = [k for k, c in enumerate(text) if c == "("]
            choice = brackets[pick_index % len(brackets)]
            depth, end = 0, choice
            for end in range(choice, len(text)):
                depth += {"(": 1, ")": -1}.get(text[end], 0)
                if depth == 0:
                    break
            return text[:choice] + text[choice + 1 : end] + text[end + 1 :]
        return None

    pick_index = pick.randrange(20)
    rows = _rows(sheet, pick, row)
    if same_value(flat(row), plain(sheet, tree, row)):
        return None
    for at in rows:
        sheet.cells[at, sheet.columns[name]] = "=" + flat(at)
    return Mutation(("lost parentheses", "sign"), name, rows, f"brackets: {flat(row)}")


def same_value(a, b):
    """Whether two plain formulas give the same on some made-up cells, by Python's own arithmetic."""
    cells = {}

    def value(text, salt):
        def number(match):
            return repr(cells.setdefault((match[0], salt), random.Random(f"{match[0]}{salt}").uniform(0.1, 0.9)))

        plain_text = re.sub(
            r"(?:Parameters!)?\$?[A-Z]{1,2}\$?[0-9]+|[it]_\d+", number, text.replace("EXP", "exp").replace("^", "**")
        )
        return eval(plain_text, {"exp": math.exp})

    return all(math.isclose(value(a, salt), value(b, salt), rel_tol=1e-9) for salt in range(3))


def plain(sheet, tree, row):
    look, sheet.d.shuffle = sheet.d.shuffle, False
    text = sheet.written(tree, row)
    sheet.d.shuffle = look
    return text


def swapped_weights(sheet, pick, taken):
    names = [n for n in sheet.formulas if n[0] in "ho" and n not in taken]
    names += [n for n in sheet.formulas if n.startswith("grad_w") and n not in taken]
    name = pick.choice(names)
    tree = sheet.formulas[name]
    present = list(dict.fromkeys(leaf for leaf in leaves(tree) if leaf[1][0] == "w"))
    if len(present) < 2:
        return None
    a, b = pick.sample(present, 2)
    if name[0] == "g":
        other = pick.choice([var(w) for w in sheet.weights if var(w) not in present])
        changed = everywhere(tree, a, other)
    else:
        mark = var("MARK")
        changed = everywhere(everywhere(everywhere(tree, a, mark), b, a), mark, b)
    return _put(sheet, pick, name, changed, ("swapped weights",), f"{a[1]} and {b[1]}")


def wrong_target(sheet, pick, taken):
    if sheet.d.sizes[2] < 2:
        return None
    name = pick.choice(
        [n for n in sheet.formulas if n.startswith(("grad_w", "E")) and n not in taken and n != "E_total"]
    )
    tree = sheet.formulas[name]
    old = pick.choice([leaf for leaf in leaves(tree) if leaf[1][0] == "t"])
    new = pick.choice([f"t{k}" for k in range(1, sheet.d.sizes[2] + 1) if f"t{k}" != old[1]])
    return _put(sheet, pick, name, everywhere(tree, old, var(new)), ("wrong target",), f"{old[1]} by {new}")


def sign(sheet, pick, taken):
    kind = pick.randrange(3)
    if kind == 0:
        name = pick.choice([w for w in sheet.weights if w not in taken])
        tree = ("+", *sheet.formulas[name][1:])
    elif kind == 1:
        names = [n for n in sheet.formulas if n.startswith("a_") and n not in taken]
        name = pick.choice(names)
        rows = _rows(sheet, pick, sheet.first)
        for row in rows:
            sheet.cells[row, sheet.columns[name]] = f"=1/(1+EXP({sheet.ref(name[2:], row)}))"
        return Mutation(("sign",), name, rows, "EXP(x)")
    else:
        name = pick.choice([n for n in sheet.formulas if n.startswith("grad_w") and n not in taken])
        old = next(s for s in subtrees(sheet.formulas[name]) if s[0] == "-" and s[1][0] == "var")
        tree, _ = replaced(sheet.formulas[name], old, sub(old[2], old[1]))
    return _put(sheet, pick, name, tree, ("sign",), "sign")


def missing_factor(sheet, pick, taken):
    names = [n for n in sheet.formulas if n.startswith(("grad_w", "E")) and n not in taken and n != "E_total"]
    name = pick.choice([*names, *[w for w in sheet.weights if w not in taken]])
    tree = sheet.formulas[name]
    products = [s for s in subtrees(tree) if s[0] == "*"]
    product = pick.choice(products)
    dropped = pick.randrange(1, len(product))
    rest = [f for k, f in enumerate(product[1:], 1) if k != dropped]
    changed, _ = replaced(tree, product, mul(*rest) if len(rest) > 1 else rest[0])
    kinds = ("missing factor", "wrong learning rate") if name in sheet.weights else ("missing factor",)
    return _put(sheet, pick, name, changed, kinds, f"{product[dropped]} dropped")


def circular_chain(sheet, pick, taken):
    name = pick.choice([w for w in sheet.weights if w not in taken])
    tree = everywhere(sheet.formulas[name], var(f"grad_{name}", -1), var(f"grad_{name}", 0))
    return _put(sheet, pick, name, tree, ("circular chain",), "own row's gradient")


def unknown_function(sheet, pick, taken):
    name = pick.choice([n for n in sheet.formulas if n.startswith("a_") and n not in taken])
    rows = _rows(sheet, pick, sheet.first)
    for row in rows:
        sheet.cells[row, sheet.columns[name]] = f"=SIGMOID({sheet.ref(name[2:], row)})"
    return Mutation(("unknown function",), name, rows, "SIGMOID")


def typed_over(sheet, pick, taken):
    names = [n for n in sheet.formulas if n not in taken]
    name = pick.choice(names)
    row = pick.randrange(sheet.first + 1, sheet.last + 1)
    sheet.cells[row, sheet.columns[name]] = round(pick.uniform(-1, 1), 4)
    return Mutation(("typed-over",), name, [row], "a number")


def wrong_input_value(sheet, pick, taken):
    if sheet.d.constants == "block":
        return None
    name = pick.choice([n for n in sheet.names if n[0] in "it" and n != "iteration"])
    if name in taken:
        return None
    rows = list(range(sheet.first + 1, sheet.last + 1))
    for k, row in enumerate(rows, 1):
        sheet.cells[row, sheet.columns[name]] = sheet.start[name] + k * 0.01
    kind = "wrong target" if name[0] == "t" else "wrong input"
    return Mutation((kind,), name, rows, "a series was filled")


def wrong_rate(sheet, pick, taken):
    if sheet.d.rate_at == "column":
        return None
    name = pick.choice([w for w in sheet.weights if w not in taken])
    tree = everywhere(sheet.formulas[name], var("LR"), num(repr(sheet.d.rate * 1.5)))
    return _put(sheet, pick, name, tree, ("wrong learning rate",), "another rate")


MUTATIONS = {
    f.__name__: f
    for f in (
        wrong_neuron, pre_activation, wrong_gradient, wrong_row, wrong_row_of_input, missing_dollar, stray_dollar,
        lost_parentheses, swapped_weights, wrong_target, sign, missing_factor, circular_chain, unknown_function,
        typed_over, wrong_input_value, wrong_rate,
    )
}  # fmt: skip


def mutated(seed, **given):
    """A sheet with one to three faults in different columns."""
    pick = random.Random(f"mutate {seed}")
    while True:
        sheet = Sheet(Design.any(seed, **given))
        found = []
        for _ in range(pick.choice([1, 1, 2, 3])):
            for _ in range(20):
                kind = pick.choice(list(MUTATIONS))
                mutation = MUTATIONS[kind](sheet, pick, {m.name for m in found})
                if mutation is not None and mutation.rows:
                    mutation.slip = f"{kind}: {mutation.slip}"
                    found.append(mutation)
                    break
        if found:
            return sheet, found
        seed = f"{seed}+"
