"""Derivatives of expressions: the chain rule, written as a person would write it.

`adjoints` goes from E_total back through the columns of a table (reverse mode, as every framework does it); the
operations' own derivatives stand in `operations`. Products are put in order: numbers first, 1 and cancelling factors
left out, −(t − a) turned into a − t. Nothing else is rearranged.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from fractions import Fraction
from functools import lru_cache

from xlfuncs.compiled import in_order
from xlfuncs.expression import Expr, name, number, product, replaced, total
from xlfuncs.operations import ATOM, MINUS_ONE, ONE, OPERATIONS

ZERO = number(0)
_MOST_TERMS = 64  # of a sum that is multiplied out


def adjoints(formulas: Mapping[str, Expr], of: str, columns: Collection[str] = ()) -> dict[str, Expr]:
    """∂of/∂variable for every variable that `of` depends on within one iteration.

    `formulas` are the columns. A variable in `columns` has its derivative in
    a column of its own, grad_…, which those before it refer to instead of repeating it.
    """
    named = columns_of(formulas)
    reaching: dict[str, list[Expr]] = defaultdict(list)
    reaching[of] = [ONE]
    found: dict[str, Expr] = {}
    for variable in reversed(in_order(formulas)):
        if variable not in reaching:
            continue
        found[variable] = plus(reaching[variable])
        known = name(f"grad_{variable}") if variable in columns else found[variable]
        for used, step in _derivatives(formulas[variable]).items():
            reaching[used].insert(0, times(known, in_columns(step, named)))
    return found | {variable: plus(terms) for variable, terms in reaching.items() if variable not in found}


def derivative(expr: Expr, variable: str) -> Expr:
    """∂expr/∂variable, where the other variables stand still."""
    return _derivatives(expr).get(variable, ZERO)


def _derivatives(expr: Expr) -> dict[str, Expr]:
    """The expression's derivative by each of its variables: the chain rule from the whole to its parts."""
    found: dict[str, list[Expr]] = defaultdict(list)
    waiting = [(expr, ONE)]
    while waiting:
        node, reached = waiting.pop()
        if node.op == "name":
            found[node.args[0]].append(reached)
        elif node.operands:
            partials = zip(node.args, OPERATIONS[node.op].partials(node), strict=False)
            inner = [(arg, times(reached, p)) for arg, p in partials if isinstance(arg, Expr) and p is not None]
            waiting += reversed([(arg, by) for arg, by in inner if by != ZERO])
    return {variable: plus(terms) for variable, terms in found.items()}


def plus(terms: list[Expr]) -> Expr:
    """The sum of the terms in their order, without zeros; −a + b is b − a."""
    terms = [term for term in terms if term != ZERO]
    added = [term for term in terms if term.op != "negate"]
    taken = [term.args[0] for term in terms if term.op == "negate"]
    if not terms:
        return ZERO
    if not added:
        return -total(taken)
    found = total(added)
    for term in taken:
        found = found - term
    return found


def times(first: Expr, second: Expr) -> Expr:
    """The product, in the order of its factors, numbers in front; what cancels is left out."""
    numbers, above, below = _parts(first)
    more, above_too, below_too = _parts(second)
    numbers, above, below = numbers * more, above + above_too, below + below_too
    for factor in [*below]:
        if factor in above:
            above.remove(factor)
            below.remove(factor)
    if numbers == 0 or ZERO in above:
        return ZERO
    spread = next((factor for factor in above if _cancels(factor, above)), None)
    if spread is not None:
        above.remove(spread)
        rest = _product(numbers, above, below)
        return _shortest(plus([times(term, rest) for term in _terms(spread)]))
    if numbers < 0:
        turned = next((k for k, factor in enumerate(above) if factor.op == "subtract"), None)
        if turned is not None:
            above[turned] = above[turned].args[1] - above[turned].args[0]
            numbers = -numbers
    return _product(numbers, above, below)


def _parts(expr: Expr) -> tuple[Fraction, list[Expr], list[Expr]]:
    """A product's number, the factors above and those below the line."""
    match expr.op:
        case "number":
            return Fraction(expr.args[0]), [], []
        case "negate":
            numbers, above, below = _parts(expr.args[0])
            return -numbers, above, below
        case "multiply":
            (a, above, below), (b, above_too, below_too) = map(_parts, expr.args)
            return a * b, above + above_too, below + below_too
        case "divide":
            (a, above, below), (b, turned, back) = map(_parts, expr.args)
            return a / b, above + back, below + turned
    return Fraction(1), [expr], []


def _product(numbers: Fraction, above: list[Expr], below: list[Expr]) -> Expr:
    if numbers < 0:
        return -_product(-numbers, above, below)
    factor, divisor = numbers.numerator, numbers.denominator
    if divisor & (divisor - 1) == 0:  # a half is exact as 0.5, a third is not
        factor, divisor = factor / divisor, 1
    factors = [number(factor)] if factor != 1 or not above else []
    found = product(factors + above)
    below = below + ([number(divisor)] if divisor != 1 else [])
    return found / product(below) if below else found


def _cancels(factor: Expr, above: list[Expr]) -> bool:
    """Whether the factor is a sum with a quotient whose divisor is another factor."""
    return factor.op in _SUMS and not _divisors(factor).isdisjoint(above)


@lru_cache(maxsize=1024)
def _divisors(factor: Expr) -> frozenset[Expr]:
    """What a sum's terms are divided by; kept, since what reaches a unit stands in all its gradients."""
    return frozenset(divisor for term in _terms(factor) for divisor in _parts(term)[2])


_SUMS = ("add", "subtract")


def _terms(expr: Expr) -> list[Expr]:
    if expr.op == "add":
        return [term for arg in expr.args for term in _terms(arg)]
    if expr.op == "subtract":
        first, second = expr.args
        return [*_terms(first), *(times(MINUS_ONE, term) for term in _terms(second))]
    return [expr]


def _shortest(expr: Expr) -> Expr:
    """The sum, or what is left of it multiplied out if that is no more than a difference of two variables.

    So (1 − t)·a − t·(1 − a), binary cross-entropy's derivative behind a σ, becomes a − t.
    """
    monomials = _multiplied_out(expr)
    if monomials is None or len(monomials) != 2 or any(len(factors) != 1 for factors in monomials):
        return expr
    signs = {weight: factors[0] for factors, weight in monomials.items()}
    return signs[1] - signs[-1] if set(signs) == {1, -1} else expr


def _multiplied_out(expr: Expr) -> dict[tuple[Expr, ...], Fraction] | None:
    """The sum's products of variables with their numbers, None where it is none or a long one."""
    match expr.op:
        case "number":
            return {(): Fraction(expr.args[0])} if expr.args[0] else {}
        case "negate":
            inner = _multiplied_out(expr.args[0])
            return None if inner is None else {factors: -weight for factors, weight in inner.items()}
        case "add" | "subtract":
            parts = [_multiplied_out(term) for term in _terms(expr)]
            if any(part is None for part in parts):
                return None
            found: Counter = Counter()
            for part in parts:
                for factors, weight in part.items():
                    found[factors] += weight
            return {factors: weight for factors, weight in found.items() if weight}
        case "multiply":
            first, second = map(_multiplied_out, expr.args)
            if first is None or second is None or len(first) * len(second) > _MOST_TERMS:
                return None
            found = Counter()
            for a, x in first.items():
                for b, y in second.items():
                    found[tuple(sorted(a + b, key=str))] += x * y
            return {factors: weight for factors, weight in found.items() if weight}
        case "divide":
            return None
    return {(expr,): Fraction(1)}


def columns_of(formulas: Mapping[str, Expr]) -> dict[Expr, Expr]:
    """The columns whose formula is a function of others, by that formula: σ(h1) is a_h1."""
    return {
        formula: name(variable)
        for variable, formula in formulas.items()
        if formula.op in OPERATIONS and OPERATIONS[formula.op].binding == ATOM
    }


def in_columns(expr: Expr, columns: Mapping[Expr, Expr]) -> Expr:
    """The expression with a column's name where its whole formula stands."""
    return replaced(expr, columns.get)
