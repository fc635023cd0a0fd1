"""The sheets of a run brought into a workbook of gradsheet's that exists: added, or renewed where they are its own.

A sheet is renewed only if the workbook's proof (see `proof`) shows that nobody wrote on it. One that is called
Training but is a user's, or that a user wrote a note on, stays, and the run's sheet gets the next free name.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import BinaryIO

from lxml import etree

from workbook.check.copies.added_sheet import free_name
from workbook.existing import proof
from workbook.existing.graft import graft, shared_strings, sheets
from workbook.macros.controls import VBA_PART
from workbook.parts.opc import Package, tag
from workbook.parts.page import NATIVE, UDF, Value
from workbook.sheets import run_sheets
from workbook.sheets.run_report import RunReport
from workbook.sheets.training_cells import SETTINGS, STATUS, TRAINING


def write_with_run(workbook: Package, untouched: bool, report: RunReport, file: BinaryIO) -> list[str]:
    """Write the workbook with the run's sheets in it, and return their titles; one that was `untouched` is so again.

    Raises GradsheetError, and what `parts.opc.sound` understands.
    """
    properties = proof.read_properties(workbook.read(proof.PART))
    macros = VBA_PART in workbook
    titles, renewed = _titles(workbook, properties)
    controls = macros or STATUS in _names(workbook)
    added = io.BytesIO()
    run_sheets.write(
        added,
        report,
        titles,
        formulas=properties.get(proof.FORMULAS) or (UDF if macros else NATIVE),
        controls=controls and titles[TRAINING] == TRAINING,
        buttons=macros,
        settings=_settings(workbook) if TRAINING in renewed else {},
    )
    with zipfile.ZipFile(added) as archive:
        proofs = {k: v for k, v in proof.properties_of(archive).items() if k.startswith(proof.SHEET)}
    graft(workbook, Package(workbook.path, added))
    workbook.write(proof.PART, _proven(workbook, properties, proofs, untouched))
    workbook.write_to(file)
    return list(titles.values())


def _titles(workbook: Package, properties: Mapping[str, str]) -> tuple[dict[str, str], set[str]]:
    """What each sheet of the run is to be called, and which of those titles are renewed."""
    texts, here = shared_strings(workbook), sheets(workbook)
    own = {title for title in here if _is_own(workbook, here[title], properties.get(proof.SHEET + title), texts)}
    titles = {}
    for name in run_sheets.NAMES:
        numbered = (name, *(f"{name} {k}" for k in range(2, 100)))
        titles[name] = next((title for title in numbered if title in own), None) or free_name(name, list(here))
    return titles, own & set(titles.values())


def _is_own(workbook: Package, part: str, written: str | None, texts: list[str]) -> bool:
    if not written:
        return False
    kinds = {kind: target for _, kind, target in workbook.targets(part)}
    if kinds.keys() & {"comments", "threadedComment"}:
        return False
    drawn = _drawn(workbook.xml(kinds["drawing"])) if "drawing" in kinds else 0
    return proof.is_unchanged(written, proof.contents(workbook.xml(part), texts), drawn)


def _drawn(drawing: etree._Element) -> int:
    """How many things are drawn; the second shape that Excel and LibreOffice give each button (a14) is none."""
    return sum(1 for anchor in drawing if not any(choice.get("Requires") == "a14" for choice in anchor))


def _settings(workbook: Package) -> dict[str, Value]:
    """What the user chose in the yellow cells of the sheet Training, by their names."""
    here, texts, names = sheets(workbook), shared_strings(workbook), _names(workbook)
    cells = {cell.get("r"): cell for cell in workbook.xml(here[TRAINING]).iter(tag("c"))}
    values = {s.name: _value(cells[names[s.name]], texts) for s in SETTINGS if names.get(s.name) in cells}
    return {name: value for name, value in values.items() if value != ""}


def _names(workbook: Package) -> dict[str, str]:
    """The named cells of the sheet Training; none where there is no such sheet."""
    root = workbook.xml(workbook.main())
    titles = [sheet.get("name") for sheet in root.iter(tag("sheet"))]
    place = str(titles.index(TRAINING)) if TRAINING in titles else None
    return {
        name.get("name"): (name.text or "").rpartition("!")[2].replace("$", "")
        for name in root.iter(tag("definedName"))
        if place is not None and name.get("localSheetId") == place
    }


def _value(cell: etree._Element, texts: list[str]) -> Value:
    written = cell.findtext(tag("v")) or "".join(t.text or "" for t in cell.iter(tag("t")))
    if cell.get("t") == "s":
        return texts[int(written)]
    if not written or cell.get("t", "n") != "n":
        return written
    number = float(written)
    return int(number) if number.is_integer() else number


def _proven(workbook: Package, properties: Mapping[str, str], proofs: Mapping[str, str], untouched: bool) -> bytes:
    """The properties with the new sheets' proofs. What somebody changed is never stamped as untouched again."""
    if untouched:
        digest = proof.PartsDigest()
        for part in workbook.parts():
            if part != proof.PART:
                list(digest.passing(part, [workbook.read(part)]))
        return proof.properties_part(digest.stamp({**properties, **proofs}))
    root = workbook.xml(proof.PART)
    for name, value in proofs.items():
        proof.set_property(root, name, value)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
