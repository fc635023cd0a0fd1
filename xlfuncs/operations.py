"""What each operation is, in one place: its number, its derivative, how Excel writes it, how a person reads it.

A new one is one entry of OPERATIONS and its test. The hyperbolic tangent, for example, is all of

    "tanh": Operation(_each(math.tanh), lambda node: [1 - node**2], "TANH({0})", "tanh({0})")

and `activations.py` needs one line to offer it to a network.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import numpy as np

from xlfuncs.logistic import EXP_LIMIT, sigmoid

Array = np.ndarray
ADD, MULTIPLY, POWER, ATOM = 1, 2, 3, 4
"""How tightly an operation binds; an operand that binds less tightly needs parentheses."""
LEAK = 0.01
"""The leaky ReLU's slope below 0."""


@dataclass(frozen=True)
class Expr:
    """One node: an operation and its operands.

    `op` is a key of OPERATIONS, or name, previous or number. The operand of `name` and `previous` (the same variable
    one iteration earlier) is the variable's name, that of `number` a float; `power` has an expression and an int.
    """

    op: str
    args: tuple[Any, ...]
    operands: tuple[Expr, ...] = field(init=False, repr=False, compare=False)
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Keep the hash: gradients share their parts, and each look-up would walk the whole expression.

        `operands` are the arguments that are expressions themselves.
        """
        object.__setattr__(self, "_hash", hash((self.op, self.args)))
        object.__setattr__(self, "operands", tuple([arg for arg in self.args if isinstance(arg, Expr)]))

    def __hash__(self) -> int:
        """Equal for equal expressions."""
        return self._hash

    def __add__(self, other: Expr) -> Expr:
        """Sum."""
        return Expr("add", (self, other))

    def __sub__(self, other: Expr) -> Expr:
        """Difference."""
        return Expr("subtract", (self, other))

    def __mul__(self, other: Expr) -> Expr:
        """Product."""
        return Expr("multiply", (self, other))

    def __truediv__(self, other: Expr) -> Expr:
        """Quotient."""
        return Expr("divide", (self, other))

    def __neg__(self) -> Expr:
        """The same with the other sign."""
        return Expr("negate", (self,))

    def __rsub__(self, other: float) -> Expr:
        """Number minus expression, for 1 - a."""
        return number(other) - self

    def __pow__(self, exponent: int) -> Expr:
        """Integer power."""
        return Expr("power", (self, exponent))


def number(value: float) -> Expr:
    """A constant."""
    return Expr("number", (float(value),))


@dataclass(frozen=True)
class Operation:
    """An operation.

    `value` takes the operands' numbers, floats or arrays of one shape. `partials` gives, for a node, its derivative by
    each operand (None where nobody needs it). `excel` and `reading` are an infix sign where `binding` is ADD or
    MULTIPLY, else a template or a function of the operands' texts; `guarded` is an Excel template that can't overflow.
    `excel_binding` is that of the Excel text where it differs, as 1/(1+EXP(-x)) from σ(x).
    """

    value: Callable[..., Any]
    partials: Callable[[Expr], list[Expr | None]]
    excel: str | Callable[..., str]
    reading: str | Callable[..., str]
    binding: int = ATOM
    guarded: str | None = None
    excel_binding: int | None = None

    @property
    def infix(self) -> bool:
        """Whether it is a sign between its operands."""
        return self.binding in (ADD, MULTIPLY) and isinstance(self.excel, str) and "{0}" not in self.excel


def _each(function: Callable[[float], float]) -> Callable[[Any], Any]:
    """The C library's function for a float or each number of an array: the same bits on every processor."""

    def value(x):
        if isinstance(x, float):
            return function(x)
        array = np.asarray(x, dtype=float)
        return np.fromiter(map(function, array.ravel().tolist()), float, array.size).reshape(array.shape)[()]

    return value


def _log(x: float) -> float:
    return math.log(x) if x > 0 else -math.inf if x == 0 else math.nan


def _exponential(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def _root(x: float) -> float:
    return math.sqrt(x) if x >= 0 else math.nan


def _choose(x: Any, above: Any, below: Any) -> Any:
    """`above` where x is above 0, else `below`."""
    return (above if x > 0 else below) if isinstance(x, float) else np.where(np.asarray(x) > 0, above, below)


def _times_log(t: Any, a: Any) -> Any:
    """t·ln a, and 0 where t is 0, whatever a is."""
    if isinstance(t, float) and isinstance(a, float):
        return t * _log(a) if t else 0.0
    with np.errstate(all="ignore"):
        return np.where(np.equal(t, 0), 0.0, t * _LOG(a))


def _power(x: Any, exponent: int) -> Any:
    return x * x if exponent == 2 else x**exponent


def _one_power_less(base: Expr, exponent: int) -> Expr:
    return base ** (exponent - 1) if exponent > 2 else base


def _share(own: Any, *every: Any) -> Any:
    """e^own as a share of the sum of all e^…; the largest is subtracted first, so that nothing overflows."""
    largest = reduce(np.maximum, every)
    powers = [_EXP(np.subtract(x, largest)) for x in every]
    return _EXP(np.subtract(own, largest)) / reduce(operator.add, powers)


def _share_in_excel(own: str, *every: str) -> str:
    largest = f"MAX({','.join(every)})"
    return f"EXP({own}-{largest})/({'+'.join(f'EXP({x}-{largest})' for x in every)})"


def _share_partials(node: Expr) -> list[Expr | None]:
    own, *every = node.args
    # The same expression may stand in several units: only one of them is this one.
    place = every.index(own)
    by_other = [Expr("softmax", (other, *every)) for other in every]
    return [None, *(node * (1 - node) if k == place else -(node * y) for k, y in enumerate(by_other))]


_LOG, _EXP = _each(_log), _each(_exponential)
ONE, MINUS_ONE = number(1), number(-1)

OPERATIONS: dict[str, Operation] = {
    "add": Operation(
        lambda *terms: reduce(operator.add, terms), lambda node: [ONE] * len(node.args), "+", " + ", binding=ADD
    ),
    "subtract": Operation(operator.sub, lambda node: [ONE, MINUS_ONE], "-", " − ", binding=ADD),
    "multiply": Operation(operator.mul, lambda node: [node.args[1], node.args[0]], "*", "·", binding=MULTIPLY),
    "divide": Operation(
        operator.truediv,
        lambda node: [ONE / node.args[1], -(node.args[0] / node.args[1] ** 2)],
        "/",
        "/",
        binding=MULTIPLY,
    ),
    "negate": Operation(operator.neg, lambda node: [MINUS_ONE], "-{0}", "−{0}", binding=ADD),
    "power": Operation(
        _power,
        lambda node: [number(node.args[1]) * _one_power_less(*node.args)],
        "{0}^{1}",
        lambda base, exponent: base + {"2": "²", "3": "³"}.get(exponent, f"^{exponent}"),
        binding=POWER,
    ),
    "raised": Operation(operator.pow, lambda node: [None, None], "{0}^{1}", "{0}^{1}", binding=POWER),
    "root": Operation(_each(_root), lambda node: [number(0.5) / node], "SQRT({0})", "√({0})"),
    "exp": Operation(_EXP, lambda node: [node], "EXP({0})", "exp({0})"),
    "log": Operation(_LOG, lambda node: [ONE / node.args[0]], "LN({0})", "ln({0})"),
    "times_log": Operation(
        _times_log,
        lambda node: [Expr("log", (node.args[1],)), node.args[0] / node.args[1]],
        "IF({0}=0,0,{0:product}*LN({1}))",
        "{0:product}·ln({1})",
    ),
    "sigmoid": Operation(
        sigmoid,
        lambda node: [node * (1 - node)],
        "1/(1+EXP(-{0:atom}))",
        "σ({0})",
        guarded=f"IF({{0}}<{EXP_LIMIT:g},EXP({{0}}),1/(1+EXP(-{{0:atom}})))",
        excel_binding=MULTIPLY,
    ),
    "tanh": Operation(_each(math.tanh), lambda node: [1 - node**2], "TANH({0})", "tanh({0})"),
    "relu": Operation(
        lambda x: _choose(x, x, 0.0), lambda node: [Expr("step", node.args)], "MAX(0,{0})", "max(0, {0})"
    ),
    "step": Operation(lambda x: _choose(x, 1.0, 0.0), lambda node: [number(0)], "IF({0}>0,1,0)", "[{0} > 0]"),
    "leaky_relu": Operation(
        lambda x: _choose(x, x, LEAK * x),
        lambda node: [Expr("leaky_step", node.args)],
        f"IF({{0}}>0,{{0}},{LEAK:g}*{{0:product}})",
        f"max({{0}}, {LEAK:g}·{{0:product}})",
    ),
    "leaky_step": Operation(
        lambda x: _choose(x, 1.0, LEAK),
        lambda node: [number(0)],
        f"IF({{0}}>0,1,{LEAK:g})",
        f"[{{0}} > 0 ? 1 : {LEAK:g}]",
    ),
    "softmax": Operation(
        _share,
        _share_partials,
        _share_in_excel,
        lambda own, *every: f"softmax({own} of {', '.join(every)})",
        excel_binding=MULTIPLY,
    ),
}
