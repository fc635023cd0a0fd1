"""Files that the checker writes: never one of the files it checks, never a stranger's, all of them or none."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

from workbook.check.report.grades import HEADINGS, is_as_written
from workbook.existing.origin import Origin, Output
from xlfuncs.errors import FileTakenError, GradsheetError, OptionError


def outputs_of(paths: dict[str, Path], inputs: list[Path], force: bool) -> dict[str, Output]:
    """The outputs by their options' names. Raises GradsheetError unless every one of them may be written.

    An existing file is replaced only if it is an earlier output of that kind, or with `force`, which keeps it under
    another name; a file that is checked never is, whatever link or spelling leads to it.
    """
    for path in paths.values():
        if any(_same(path, one) for one in inputs):
            raise FileTakenError("The original is never written to; give another name for the copy.")
    if len({os.path.realpath(path).casefold() for path in paths.values()}) < len(paths):
        raise OptionError("--csv, --annotate and --fix need different file names.")
    return {
        option: Output(path, force=force, judge=_origin_of_grades if option == "csv" else _origin_of_copy)
        for option, path in paths.items()
    }


def write_outputs(contents: list[tuple[Output, bytes]]) -> None:
    """Write the files, each whole, none before all are on the disk; the error of a later one says what stands."""
    written: list[str] = []
    try:
        with ExitStack() as stack:
            for output, content in contents:
                stack.push(_noting(written, output.path))
                stack.enter_context(output.open()).write(content)
    except GradsheetError as error:
        done = f"{' and '.join(written)} was written before." if written else "Nothing was written."
        raise type(error)(f"{error} {done}") from error


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


def _origin_of_grades(path: Path) -> Origin:
    """A CSV holds no proof, but every program that saves it writes its quotes in another way."""
    if not path.exists():
        return Origin.ABSENT
    with path.open("rb") as file:
        start = file.readline(200).decode("utf-8-sig", "replace").replace('"', "").strip()
        if start != ",".join(HEADINGS):
            return Origin.FOREIGN
        file.seek(0)
        return Origin.UNTOUCHED if is_as_written(file.read()) else Origin.CHANGED


def _origin_of_copy(path: Path) -> Origin:
    """A copy has a sheet Check with our words in its cells, and our seal behind it as long as nobody saved it."""
    from workbook.check.copies.seal import is_sealed
    from workbook.parts.zip_parts import UNSOUND, Parts

    if not path.exists():
        return Origin.ABSENT
    found = Origin.FOREIGN
    try:
        with zipfile.ZipFile(path) as archive:
            parts = Parts(path, archive)
            main = parts.main()
            relations = parts.relations(main)
            for element in parts.xml(main).iter("{*}sheet"):
                relation = next((v for k, v in element.attrib.items() if k.endswith("}id")), None)
                part = relations.get(relation, ("", ""))[1] if relation is not None else ""
                if element.get("name", "").startswith("Check") and part in parts and _says_check(parts, part):
                    if is_sealed(archive, parts.parts[part]):
                        return Origin.UNTOUCHED
                    found = Origin.CHANGED
    except UNSOUND:
        pass
    return found


def _says_check(parts, part: str) -> bool:
    row = next(parts.elements(part, "row", "sheetData", 100), None)
    cell = row.find("{*}c") if row is not None else None
    said = cell.findtext("{*}v") if cell is not None else None  # elsewhere a number: the place among shared texts
    return (said or "").startswith("gradsheet check: ")
