"""Writing generated sheets as an .xlsx package, element by element, without any workbook library."""

import zipfile
from io import BytesIO
from xml.sax.saxutils import escape

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
    tags = "".join(f'<sheet name="{escape(n)}" sheetId="{k}" r:id="r{k}"/>' for k, n in enumerate(cells, 1))
    named = next((s for s in sheets if s.d.rate_at == "name"), None)
    if named is not None:
        where = f"'{named.d.sheet}'!{named.fixed(named.rate_cell)}"
        tags += f'</sheets><definedNames><definedName name="learning_rate">{where}</definedName></definedNames>'
    else:
        tags += "</sheets>"
    parts["xl/workbook.xml"] = f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{tags}</workbook>'
    types["xl/workbook.xml"] = f"{KIND}spreadsheetml.sheet.main+xml"
    links = [(f"r{k}", "worksheet", f"worksheets/sheet{k}.xml") for k in range(1, len(cells) + 1)]
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
    if isinstance(value, str) and value.startswith("="):
        kind = ' t="e"' if isinstance(stored, str) else ""
        kept = "" if stored is None else f"<v>{stored!r}</v>" if not isinstance(stored, str) else f"<v>{stored}</v>"
        return f'<c r="{place}"{kind}><f>{escape(value[1:])}</f>{kept}</c>'
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f'<c r="{place}"><v>{float(value)!r}</v></c>'


def column_name(index):
    letters = ""
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
