"""Files that the checker writes: never one of the files it checks, never a stranger's, all of them or none."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

from workbook.check.grades import HEADINGS
from xlfuncs.errors import GradsheetError


def refuse_outputs(outputs: dict[str, Path], inputs: list[Path], force: bool) -> None:
    """Raise GradsheetError unless every output (by its option's name) may be written.

    An existing file is replaced only if it is an earlier output of that kind, or if `force` says so; a file that is
    checked never is, whatever link or spelling leads to it.
    """
    for path in outputs.values():
        if any(_same(path, one) for one in inputs):
            raise GradsheetError("The original is never written to; give another name for the copy.")
    if len({os.path.realpath(path).casefold() for path in outputs.values()}) < len(outputs):
        raise GradsheetError("--csv, --annotate and --fix need different file names.")
    for option, path in outputs.items():
        if not path.parent.is_dir():
            raise GradsheetError(
                f"{path} can't be written: the folder {path.parent} does not exist; make it or choose another."
            )
        if path.exists() and not path.is_dir() and not (force and path.is_file()) and not _is_ours(option, path):
            raise GradsheetError(
                f"{path} is there already and was not written by gradsheet check --{option}, or was changed since; "
                "choose another name, or add --force to replace it."
            )


def write_outputs(contents: dict[Path, bytes]) -> None:
    """Write the files, each whole, none before all are on the disk; the error of a later one says what stands."""
    from workbook.files import write_whole

    written: list[str] = []
    try:
        with ExitStack() as stack:
            for path in contents:
                stack.push(_noting(written, path))
                stack.enter_context(write_whole(path)).write(contents[path])
    except GradsheetError as error:
        done = f"{' and '.join(written)} was written before." if written else "Nothing was written."
        raise GradsheetError(f"{error} {done}") from error


def _noting(written: list[str], path: Path) -> Callable[..., None]:
    def note(kind, *_) -> None:
        if kind is None:
            written.append(str(path))

    return note


def _same(one: Path, other: Path) -> bool:
    """Whether both names lead to one file: links, hard links, another case on a disk that doesn't tell it apart."""
    with suppress(OSError):
        return os.path.samefile(one, other)
    return os.path.realpath(one) == os.path.realpath(other)


def _is_ours(option: str, path: Path) -> bool:
    """Whether the file is one that the option wrote before and that nobody saved since."""
    return path.is_file() and (_is_grades(path) if option == "csv" else _is_copy(path))


def _is_grades(path: Path) -> bool:
    with suppress(OSError), path.open("rb") as file:
        start = file.readline(200).decode("utf-8-sig", "replace").replace('"', "").strip()
        return start == ",".join(HEADINGS)
    return False


def _is_copy(path: Path) -> bool:
    """A copy has a sheet Check with our words in its cells, where other programs would put them among shared texts."""
    from workbook.check.parts import UNSOUND, Parts

    try:
        with zipfile.ZipFile(path) as archive:
            parts = Parts(path, archive)
            main = parts.main()
            relations = parts.relations(main)
            for element in parts.xml(main).iter("{*}sheet"):
                relation = next((v for k, v in element.attrib.items() if k.endswith("}id")), None)
                part = relations.get(relation, ("", ""))[1]
                if element.get("name", "").startswith("Check") and part in parts and _says_check(parts, part):
                    return True
    except (*UNSOUND, OSError):
        pass
    return False


def _says_check(parts, part: str) -> bool:
    row = next(parts.elements(part, "row", "sheetData", 100), None)
    cell = row.find("{*}c") if row is not None else None
    said = cell.findtext("{*}v") if cell is not None else None  # elsewhere a number: the place among shared texts
    return (said or "").startswith("gradsheet check: ")
