"""The seal of a copy: a digest over all of the file, in an XML comment behind its sheet Check.

Every program passes over the comment, and none writes it again: a copy that somebody saved has no seal, and one whose
parts were exchanged has one that doesn't fit.
"""

from __future__ import annotations

import re
import zipfile
from collections import deque
from collections.abc import Iterable, Iterator

from workbook.existing.proof import DIGEST, PartsDigest
from workbook.parts.opc import OFFICE, Package, tag

_SEAL = re.compile(rb"<!--gradsheet ([0-9a-f]{64})-->\Z")
_PIECE = 2**20  # bytes


def seal(package: Package, number: int) -> None:
    """Put the seal behind the sheet of that place, from 0; the last thing to do before the package is written."""
    main = package.main()
    sheet = package.xml(main).find(tag("sheets"))[number]
    part = package.target(main, sheet.get(f"{{{OFFICE}}}id"))
    assert part is not None, "the sheet was put into the package before"
    digest = _digest((name, [package.read(name)]) for name in package.parts())
    package.write(part, package.read(part) + f"<!--gradsheet {digest}-->".encode())


def is_sealed(archive: zipfile.ZipFile, part: str) -> bool:
    """Whether the seal behind that part fits the file."""
    content = archive.read(part)
    found = _SEAL.search(content)
    return found is not None and found[1].decode() == _digest(
        (name.lstrip("/"), [content[: found.start()]] if name == part else _pieces(archive, name))
        for name in archive.namelist()
    )


def _digest(parts: Iterable[tuple[str, Iterable[bytes]]]) -> str:
    digest = PartsDigest()
    for name, pieces in parts:
        deque(digest.passing(name, pieces), maxlen=0)
    return digest.stamp({})[DIGEST]


def _pieces(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    with archive.open(name) as file:
        yield from iter(lambda: file.read(_PIECE), b"")
