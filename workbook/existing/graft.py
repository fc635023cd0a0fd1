"""Sheets of one workbook put into another one: all of the other's parts but the few that name them stay as they are.

Each sheet comes with its drawings, charts, pictures, tables and names; its formats are added to the other's style sheet
and its texts stand in its cells, so that neither the numbers of formats nor those of shared strings change their
meaning. A sheet that is there under the same name is replaced, at its place.
"""

from __future__ import annotations

import re

from lxml import etree

from workbook.existing.adopted_styles import AdoptedStyles
from workbook.parts import vml
from workbook.parts.opc import OFFICE, SHEET_TYPE, Package, relations_of, tag

_BEFORE_NAMES = (
    *("fileVersion", "fileSharing", "workbookPr", "AlternateContent", "revisionPtr", "workbookProtection"),
    *("bookViews", "sheets", "functionGroups", "externalReferences"),
)


def graft(package: Package, source: Package) -> None:
    """Put every sheet of the source into the package. Raises what `parts.opc.sound` understands."""
    _drop_calculation_chain(package)
    here = sheets(package)
    replaced = {name: here[name] for name in sheets(source) if name in here}
    kept = {name: package.xml(part) for name, part in replaced.items()}
    _drop_relations(package, list(replaced.values()))
    places = {name: replaced.get(name) or _new_sheet(package, name) for name in sheets(source)}
    styles, texts, tables = AdoptedStyles(package, source), shared_strings(source), _Tables(package)
    for name, part in sheets(source).items():
        root = source.xml(part)
        _adapt(root, styles, texts)
        if name in kept:
            _hand_on(kept[name], root)
        package.write_xml(places[name], root)
        _copy_relations(package, source, places[name], part, tables)
    _take_names(package, source)
    styles.save()


def sheets(package: Package) -> dict[str, str]:
    """The part of each sheet by its name, in the workbook's order."""
    main = package.main()
    listed = package.xml(main).iter(tag("sheet"))
    found = {sheet.get("name"): package.target(main, sheet.get(f"{{{OFFICE}}}id", "")) for sheet in listed}
    return {name: part for name, part in found.items() if part}


def shared_strings(package: Package) -> list[str]:
    """The texts that cells refer to by number; without the phonetic runs of East Asian ones."""
    part = package.related(package.main(), "sharedStrings")
    if part is None:
        return []
    return [
        "".join(t.text or "" for t in item.iter(tag("t")) if t.getparent().tag != tag("rPh"))
        for item in package.xml(part).iter(tag("si"))
    ]


def _adapt(root: etree._Element, styles: AdoptedStyles, texts: list[str]) -> None:
    """Give a sheet's cells the formats' new numbers and their own texts; no second sheet is selected."""
    for cell in root.iter(tag("c")):
        if cell.get("t") == "s":
            cell.set("t", "str")
            cell.find(tag("v")).text = texts[int(cell.findtext(tag("v")))]
    for name, attribute in (("c", "s"), ("row", "s"), ("col", "style")):
        for element in root.iter(tag(name)):
            if element.get(attribute) is not None:
                element.set(attribute, str(styles.adopt(int(element.get(attribute)))))
    for rule in root.iter(tag("cfRule")):
        if rule.get("dxfId") is not None:
            rule.set("dxfId", str(styles.adopt_difference(int(rule.get("dxfId")))))
    for view in root.iter(tag("sheetView")):
        view.attrib.pop("tabSelected", None)


def _hand_on(old: etree._Element, new: etree._Element) -> None:
    """What a replaced sheet hands on: the name that macros know it by, and whether it is the one in front."""
    for name, attribute in (("sheetPr", "codeName"), ("sheetView", "tabSelected")):
        value = next((e.get(attribute) for e in old.iter(tag(name)) if e.get(attribute)), None)
        if value is not None:
            next(new.iter(tag(name))).set(attribute, value)


def _new_sheet(package: Package, name: str) -> str:
    """A part for one more sheet, behind the last one."""
    part, main = package.free("xl/worksheets/sheet{}.xml"), package.main()
    package.add(part, b"", SHEET_TYPE)
    relation, root = package.relate(main, part, "worksheet"), package.xml(main)
    listed = root.find(tag("sheets"))
    number = max((int(s.get("sheetId")) for s in listed), default=0) + 1
    element = etree.SubElement(listed, tag("sheet"), name=name, sheetId=str(number))
    element.set(f"{{{OFFICE}}}id", relation)
    package.write_xml(main, root)
    return part


def _drop_calculation_chain(package: Package) -> None:
    """It would name cells of the replaced sheets; Excel makes a new one by itself."""
    chain = package.related(package.main(), "calcChain")
    if chain:
        package.unrelate(package.main(), "calcChain")
        package.remove(chain)


def _drop_relations(package: Package, parts: list[str]) -> None:
    """Drop what these parts refer to, as far as nothing else does."""
    before = _reachable(package)
    for part in parts:
        if relations_of(part) in package:
            package.remove(relations_of(part))
    for part in sorted(before - _reachable(package)):
        for gone in (part, relations_of(part)):
            if gone in package:
                package.remove(gone)


def _copy_relations(package: Package, source: Package, place: str, part: str, tables: _Tables) -> None:
    """Copy all that a part refers to, and what that refers to; the relations keep their ids."""
    if relations_of(part) not in source:
        return
    root = source.xml(relations_of(part))
    for relation in root:
        target = source.target(part, relation.get("Id"))
        if target is not None:
            copy = _copy(package, source, target, tables)
            relation.set("Target", f"/{copy}")
            _copy_relations(package, source, copy, target, tables)
    package.write_xml(relations_of(place), root)


def _copy(package: Package, source: Package, part: str, tables: _Tables) -> str:
    """Copy a part under the next free name of its kind, with its type."""
    place = package.free(re.sub(r"\d*(\.\w+)$", r"{}\1", part))
    kind, content = source.content_type(part) or vml.CONTENT_TYPE, source.read(part)
    if content.startswith(b"<?xml") and (root := source.xml(part)).tag == tag("table"):
        tables.name(root)
        content = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    if part.endswith(".xml"):
        package.add(place, content, kind)
        return place
    package.declare(part.rpartition(".")[2], kind)
    package.write(place, content)
    if package.content_type(place) != kind:  # the package's own type for such endings is another one
        package.add(place, content, kind)
    return place


class _Tables:
    """The numbers and names of a workbook's Excel tables, of which each may stand for one table only."""

    def __init__(self, package: Package):
        """What is taken in the package; a name of cells can't be a table's."""
        targets = [target for part in sheets(package).values() for target in package.targets(part)]
        roots = [package.xml(part) for _, kind, part in targets if kind == "table"]
        self.names = {root.get("displayName", "").casefold() for root in roots}
        self.names |= {name.get("name", "").casefold() for name in package.xml(package.main()).iter(tag("definedName"))}
        self.next = max((int(root.get("id", 0)) for root in roots), default=0) + 1

    def name(self, table: etree._Element) -> None:
        """Give a table a free number and name."""
        wanted = table.get("displayName")
        names = [wanted, *(f"{wanted}{k}" for k in range(2, 1000))]
        free = next(name for name in names if name.casefold() not in self.names)
        table.set("id", str(self.next))
        for attribute in ("name", "displayName"):
            table.set(attribute, free)
        self.names.add(free.casefold())
        self.next += 1


def _take_names(package: Package, source: Package) -> None:
    """Take over the names that belong to the source's sheets."""
    main = package.xml(package.main())
    places = {name: str(k) for k, name in enumerate(s.get("name") for s in main.iter(tag("sheet")))}
    theirs = source.xml(source.main())
    titles = [s.get("name") for s in theirs.iter(tag("sheet"))]
    names = main.find(tag("definedNames"))
    if names is None:
        names = etree.Element(tag("definedNames"))
        local = [etree.QName(child).localname if isinstance(child.tag, str) else "" for child in main]
        main.insert(max(k for k, child in enumerate(local, 1) if child in _BEFORE_NAMES), names)
    for name in theirs.iter(tag("definedName")):
        copy = etree.fromstring(etree.tostring(name, with_tail=False))
        copy.set("localSheetId", places[titles[int(name.get("localSheetId"))]])
        for old in [n for n in names if _identity(n) == _identity(copy)]:
            names.remove(old)
        names.append(copy)
    package.write_xml(package.main(), main)


def _identity(name: etree._Element) -> tuple[str, str | None]:
    return name.get("name", "").casefold(), name.get("localSheetId")


def _reachable(package: Package) -> set[str]:
    """The parts that are referred to, however far from the root."""
    found, waiting = set(), [""]
    while waiting:
        for _, _, part in package.targets(waiting.pop()):
            if part not in found:
                found.add(part)
                waiting.append(part)
    return found
