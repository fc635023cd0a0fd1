"""Which files are to be checked: names, folders and patterns opened up."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from trainer.refusals import unreadable
from xlfuncs.errors import UnreadableError

SUFFIXES = (".xlsx", ".xlsm", ".xltx", ".xltm")


@dataclass(frozen=True)
class Input:
    """A file to check, or a file or folder that can't be reached, with the sentence on it."""

    path: Path
    error: str | None = None


def inputs_of(names: Iterable[str]) -> list[Input]:
    """Every file named, folders and patterns opened up, each once. Raises UnreadableError for a name without any."""
    seen: dict[str, Input] = {}
    for name in names:
        for one in _inputs_of(name):
            seen.setdefault(os.path.realpath(one.path), one)
    return list(seen.values())


def _inputs_of(name: str) -> Iterable[Input]:
    try:
        os.stat(name)
    except (FileNotFoundError, NotADirectoryError) as error:
        if not any(mark in name for mark in "*?["):
            if os.path.islink(name):
                return [_unreachable(name, error)]
            raise UnreadableError(f"{name} does not exist; check the name.") from error
        found = [Input(Path(path)) for path in sorted(glob.glob(name, recursive=True))]
        if not found:
            raise UnreadableError(f"No file matches {name}; check the folder and the pattern.") from error
        return found
    except OSError as error:
        return [_unreachable(name, error)]
    if not os.path.isdir(name):
        return [Input(Path(name))]
    found = sorted(_files_of(name), key=lambda one: one.path)
    if not found:
        raise UnreadableError(f"{name} is a folder without .xlsx files; give another folder or a file.")
    return found


def _files_of(folder: str) -> Iterator[Input]:
    """The workbooks in a folder and its folders; a folder that can't be opened is told, not passed over."""
    refused: list[Input] = []
    for place, _, names in os.walk(folder, onerror=lambda e: refused.append(_unreachable(e.filename, e))):
        for name in names:
            if name.lower().endswith(SUFFIXES) and not name.startswith("~$"):  # Office's lock files
                yield Input(Path(place, name))
    yield from refused


def _unreachable(name: str, error: OSError) -> Input:
    return Input(Path(name), str(unreadable(name, error)))
