"""The one schema for what is read from a run folder: the dataclasses themselves, their types and their fields' limits.

Everything that comes out of `read` has the type its dataclass says, all the way down. Numbers are finite and within
their field's limits. Texts are one line without control characters and never begin as a formula does (= + - @), so
that a cell may show them; `harmless` makes any text such a one. Nothing is converted or guessed.

This is a hundred lines and not pydantic, since every command and a program that only follows a run import it: pydantic
takes 0.1 s to load, and its errors would have to be put into a user's words here all the same.
"""

import math
import reprlib
import types
import typing
from collections.abc import Iterable
from dataclasses import MISSING, Field, field, fields, is_dataclass
from functools import cache
from typing import Any, TypeVar

from trainer.terminal import is_obeyed

T = TypeVar("T")
MOST = 2**53  # of a whole number: up to it a float, hence a cell, holds every one
LONGEST = 4096  # characters of a text; a path may have as many
ENTRIES = 100  # of a mapping of texts
FORMULA_SIGNS = ("=", "+", "-", "@")


class Mismatch(ValueError):  # noqa: N818 (read as: a schema mismatch)
    """What doesn't fit, in words that follow a file's name: `seed is null; it must be a whole number`."""


def number(low: float, high: float | None = None, *, above: bool = False, help: str = "", **default: Any) -> Any:
    """A dataclass field for a number from low (or above it) to high."""
    return field(metadata={"help": help, "low": low, "high": high, "above": above}, **default)


def choice(choices: Iterable[str], *, help: str = "") -> Any:
    """A dataclass field for one of some texts."""
    return field(metadata={"help": help, "choices": tuple(choices)})


def read(kind: type[T], values: object, place: str = "") -> T:
    """The dataclass `kind` from a mapping of its field names. Raises Mismatch, also for fields that it doesn't have."""
    if not isinstance(values, dict):
        raise Mismatch(f"{place.rstrip('. ,') or 'it'} is {shown(values)}; it must be a list of names with values")
    assert is_dataclass(kind)
    hints = _hints(kind)
    unknown = [name for name in values if name not in hints]
    if unknown:
        raise Mismatch(f"{place}{shown(unknown[0])} is nothing that this version of gradsheet knows")
    chosen = {}
    for item in fields(kind):
        if item.name in values:
            chosen[item.name] = _value(hints[item.name], values[item.name], item, place + item.name)
        elif item.default is MISSING and item.default_factory is MISSING:
            raise Mismatch(f"{place}{item.name} is missing")
    return kind(**chosen)


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _value(hint: Any, value: Any, item: Field, place: str) -> Any:
    if isinstance(hint, types.UnionType):  # X | None
        if value is None:
            return None
        hint = next(kind for kind in typing.get_args(hint) if kind is not type(None))
    if isinstance(hint, type) and is_dataclass(hint):
        return read(hint, value, f"{place}.")
    if typing.get_origin(hint) is dict:
        return _texts(value, place)
    if not _is(hint, value) or not fits(item, value):
        raise Mismatch(f"{place} is {shown(value)}; it must be {wanted(hint, item)}")
    return float(value) if hint is float else value


def _is(kind: type, value: object) -> bool:
    """Whether a value is of the kind; True is no number here, but 1 is a float."""
    if kind is str:
        return isinstance(value, str) and value == harmless(value)
    if kind in (int, float):
        return isinstance(value, int | kind) and not isinstance(value, bool)
    return isinstance(value, kind)


def _texts(values: Any, place: str) -> dict[str, str]:
    texts = [*values, *values.values()] if isinstance(values, dict) else [None]
    if len(texts) > 2 * ENTRIES or not all(_is(str, text) for text in texts):
        raise Mismatch(f"{place} is {shown(values)}; it must be a list of names with texts")
    return values


def fits(item: Field, value: Any) -> bool:
    """Whether a value is within its field's limits and choices, whatever its size."""
    if "choices" in item.metadata:
        return value in item.metadata["choices"]
    if isinstance(value, str | bool):
        return True
    low, high = item.metadata.get("low", -MOST), item.metadata.get("high")
    high = high if high is not None else MOST if isinstance(value, int) else math.inf
    # A NaN is neither less nor more than anything.
    return (low < value if item.metadata.get("above") else low <= value) and value <= high and value != math.inf


def wanted(kind: type, item: Field) -> str:
    """What a field must hold, in words."""
    if "choices" in item.metadata:
        return " or ".join(item.metadata["choices"])
    if kind is bool:
        return "true or false"
    if kind is str:
        return "a text of one line that is no formula"
    return f"{'a whole number' if kind is int else 'a number'} {limits(item)}".rstrip()


def limits(item: Field) -> str:
    """A number's limits in words, such as `at least 1`."""
    low, high = item.metadata.get("low"), item.metadata.get("high")
    lower = "" if low is None else f"{'above' if item.metadata['above'] else 'at least'} {low:g}"
    upper = "" if high is None else f"at most {high:,}" if isinstance(high, int) else f"at most {high:g}"
    return " and ".join(filter(None, (lower, upper)))


def harmless(text: str) -> str:
    """The text as one line that a terminal and a cell only show: no control characters, no formula, not endless."""
    line = "".join(" " if is_obeyed(sign) else sign for sign in text)[:LONGEST]
    return f"({line[: LONGEST - 2]})" if line.lstrip().startswith(FORMULA_SIGNS) else line


def shown(value: object) -> str:
    """A value as a sentence can hold it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    try:
        text = reprlib.repr(value)
    except ValueError:  # a whole number of more digits than Python writes
        return "a number of thousands of digits"
    return text if isinstance(value, int | float) else harmless(text)
