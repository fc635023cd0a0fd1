"""Writing generated sheets as an .xlsx package, element by element, without any workbook library."""

import re
import zipfile
from dataclasses import dataclass
from io import BytesIO
from xml.sax.saxutils import escape, quoteattr

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
KIND = "application/vnd.openxmlformats-officedocument."


def package(sheets, charts=(), values=None, program=None):
    """An .xlsx of these sheets (tables on one sheet if they share its name) as bytes.

    `charts` go onto the first sheet: dicts with title, name, steps and values (references). `program` is named in
    docProps/app.xml.
    """
    cells = {}
    for sheet in sheets:
        cells.setdefault(sheet.d.sheet, {}).update(sheet.cells)
        if sheet.elsewhere:
            cells.setdefault("Parameters", {}).update(sheet.elsewhere)
    parts = {
        f"xl/worksheets/sheet{k}.xml": _sheet(c, values, bool(charts) and k == 1)
        for k, c in enumerate(cells.values(), 1)
    }
    types = dict.fromkeys(parts, f"{KIND}spreadsheetml.worksheet+xml")
    for k, name in enumerate(cells, 1):
        table = next((s for s in sheets if s.d.sheet == name and s.table), None)
        if table is not None:
            parts[f"xl/tables/table{k}.xml"] = _table(table, k)
            types[f"xl/tables/table{k}.xml"] = f"{KIND}spreadsheetml.table+xml"
            parts[f"xl/worksheets/_rels/sheet{k}.xml.rels"] = _links([("r9", "table", f"../tables/table{k}.xml")])
            ending = '<tableParts count="1"><tablePart r:id="r9"/></tableParts></worksheet>'
            part = f"xl/worksheets/sheet{k}.xml"
            parts[part] = parts[part].replace("</worksheet>", ending)
    tags = "".join(f'<sheet name="{escape(n)}" sheetId="{k}" r:id="r{k}"/>' for k, n in enumerate(cells, 1))
    named = {name: where for sheet in sheets for name, where in sheet.defined_names.items()}
    inner = "".join(f'<definedName name="{name}">{escape(where)}</definedName>' for name, where in named.items())
    tags += f"</sheets><definedNames>{inner}</definedNames>" if named else "</sheets>"
    parts["xl/workbook.xml"] = f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{tags}</workbook>'
    types["xl/workbook.xml"] = f"{KIND}spreadsheetml.sheet.main+xml"
    spilled = any("spill" in sheet.d.forms for sheet in sheets)
    if spilled:
        parts["xl/metadata.xml"] = _METADATA
        types["xl/metadata.xml"] = f"{KIND}spreadsheetml.sheetMetadata+xml"
    links = [(f"r{k}", "worksheet", f"worksheets/sheet{k}.xml") for k in range(1, len(cells) + 1)]
    links += [("r0", "sheetMetadata", "metadata.xml")] if spilled else []
    parts["xl/_rels/workbook.xml.rels"] = _links(links)
    parts["_rels/.rels"] = _links([("r1", "officeDocument", "xl/workbook.xml")])
    if charts:
        parts["xl/worksheets/_rels/sheet1.xml.rels"] = _links([("r1", "drawing", "../drawings/drawing1.xml")])
        parts["xl/drawings/drawing1.xml"] = (
            '<wsDr xmlns="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"/>'
        )
        types["xl/drawings/drawing1.xml"] = f"{KIND}drawing+xml"
        several = [(f"r{k}", "chart", f"../charts/chart{k}.xml") for k in range(1, len(charts) + 1)]
        parts["xl/drawings/_rels/drawing1.xml.rels"] = _links(several)
        for k, chart in enumerate(charts, 1):
            parts[f"xl/charts/chart{k}.xml"] = _chart(**chart)
            types[f"xl/charts/chart{k}.xml"] = f"{KIND}drawingml.chart+xml"
    if program:
        space = "http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"
        parts["docProps/app.xml"] = f'<Properties xmlns="{space}"><Application>{program}</Application></Properties>'
    overrides = "".join(f'<Override PartName="/{part}" ContentType="{kind}"/>' for part, kind in types.items())
    defaults = '<Default Extension="xml" ContentType="application/xml"/>'
    defaults += (
        f'<Default Extension="rels" ContentType="{KIND.replace("officedocument.", "package.")}relationships+xml"/>'
    )
    parts["[Content_Types].xml"] = f'<Types xmlns="{PACKAGE}/content-types">{defaults}{overrides}</Types>'
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for part, text in parts.items():
            archive.writestr(zipfile.ZipInfo(part), text)
    return out.getvalue()


def _links(links):
    inner = "".join(f'<Relationship Id="{i}" Type="{OFFICE}/{kind}" Target="{target}"/>' for i, kind, target in links)
    return f'<Relationships xmlns="{PACKAGE}/relationships">{inner}</Relationships>'


def _sheet(cells, values, drawing):
    link = '<drawing r:id="r1"/>' if drawing else ""
    return (
        f'<worksheet xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheetData>{_rows(cells, values)}</sheetData>{link}</worksheet>'
    )


def _chart(title="", name=None, steps=None, values=None):
    space = "http://schemas.openxmlformats.org/drawingml/2006/"
    words = f"<c:title><c:tx><c:rich><a:p><a:r><a:t>{escape(title)}</a:t></a:r></a:p></c:rich></c:tx></c:title>"

    def of(tag, kind, reference):
        return f"<c:{tag}><c:{kind}><c:f>{escape(reference)}</c:f></c:{kind}></c:{tag}>" if reference else ""

    series = of("tx", "strRef", name) + of("cat", "numRef", steps) + of("val", "numRef", values)
    return (
        f'<c:chartSpace xmlns:c="{space}chart" xmlns:a="{space}main"><c:chart>{words}<c:plotArea><c:lineChart>'
        f"<c:ser>{series}</c:ser></c:lineChart></c:plotArea></c:chart></c:chartSpace>"
    )


def _rows(cells, values):
    rows = {}
    for (row, column), value in sorted(cells.items()):
        rows.setdefault(row, []).append(_xml_cell(row, column, value, (values or {}).get((row, column))))
    return "".join(f'<row r="{row}">{"".join(items)}</row>' for row, items in rows.items())


def _xml_cell(row, column, value, stored):
    place = f"{column_name(column)}{row}"
    if isinstance(value, Array):
        # The first cell holds the formula, the others only their values.
        kept = "" if stored is None else f"<v>{stored!r}</v>"
        formula = f'<f t="array" ref="{place}:{value.until}">{escape(value.text)}</f>' if value.text else ""
        return f'<c r="{place}"{value.mark if formula else ""}>{formula}{kept}</c>'
    if isinstance(value, str) and value.startswith("="):
        kind = ' t="e"' if isinstance(stored, str) else ""
        kept = "" if stored is None else f"<v>{stored!r}</v>" if not isinstance(stored, str) else f"<v>{stored}</v>"
        return f'<c r="{place}"{kind}><f>{escape(value[1:])}</f>{kept}</c>'
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f'<c r="{place}"><v>{float(value)!r}</v></c>'


@dataclass(frozen=True)
class Array:
    """A cell of an array formula: the first has its text and its last cell, the others have neither."""

    text: str = ""
    until: str = ""
    spills: bool = False

    @property
    def mark(self):
        return ' cm="1"' if self.spills else ""


_METADATA = (
    f'<metadata xmlns="{MAIN}" xmlns:xda="http://schemas.microsoft.com/office/spreadsheetml/2017/dynamicarray">'
    '<metadataTypes count="1"><metadataType name="XLDAPR" minSupportedVersion="120000" copy="1" pasteAll="1" '
    'pasteValues="1" merge="1" splitFirst="1" rowColShift="1" clearFormats="1" clearComments="1" assign="1" coerce="1" '
    'cellMeta="1"/></metadataTypes><futureMetadata name="XLDAPR" count="1"><bk><extLst>'
    '<ext uri="{bdbb8cdc-fa1e-496e-a857-3c3f30c029c3}"><xda:dynamicArrayProperties fDynamic="1" fCollapsed="0"/></ext>'
    '</extLst></bk></futureMetadata><cellMetadata count="1"><bk><rc t="1" v="0"/></bk></cellMetadata></metadata>'
)


def _table(sheet, number):
    """Excel's own table over the iteration table, so that formulas can say Table1[[#This Row],[h1]]."""
    columns = "".join(
        f'<tableColumn id="{k}" name={quoteattr(sheet.label(name))}/>' for k, name in enumerate(sheet.names, 1)
    )
    return (
        f'<table xmlns="{MAIN}" id="{number}" name="{sheet.table}" displayName="{sheet.table}" '
        f'ref="{sheet.table_range}" totalsRowShown="0"><autoFilter ref="{sheet.table_range}"/>'
        f'<tableColumns count="{len(sheet.names)}">{columns}</tableColumns></table>'
    )


def quoted(name):
    """A sheet's name as formulas write it."""
    plain = re.fullmatch(r"[A-Za-z]+", name) and name.upper() not in ("TRUE", "FALSE") and len(name) > 3
    return name if plain else "'" + name.replace("'", "''") + "'"


def column_name(index):
    letters = ""
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
