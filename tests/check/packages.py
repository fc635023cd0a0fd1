"""Workbook packages put together part by part, as no program would write them."""

import io
import zipfile

from tests.check.generate import Design, Sheet

GOOD = Sheet(Design.any("good", rate_at="cell")).package()
SHEET = "xl/worksheets/sheet1.xml"
MAIN = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
END = b"</sheetData></worksheet>"
STRINGS = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'


def repacked(content, **changes):
    """The package with some parts replaced (None: left out) or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in [*source.namelist(), *(n for n in changes if n not in source.namelist())]:
            part = changes.get(name, source.read(name) if name in source.namelist() else None)
            if part is not None:
                target.writestr(name, part)
    return out.getvalue()


def part_of(content, name):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name)


def names_of(content):
    return zipfile.ZipFile(io.BytesIO(content)).namelist()


def bomb(path, part, start, piece, count, end=b"", size=None):
    """A package whose `part` unpacks to `start`, `count` times `piece`, and `end`."""
    with (
        zipfile.ZipFile(io.BytesIO(GOOD)) as source,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target,
    ):
        for name in source.namelist():
            if name != part:
                target.writestr(name, source.read(name))
        with target.open(part, "w", force_zip64=True) as out:
            out.write(start)
            for _ in range(count):
                out.write(piece)
            out.write(end)
    if size is not None:  # the directory lies about the size
        content = path.read_bytes()
        real = (len(start) + count * len(piece) + len(end)).to_bytes(4, "little")
        path.write_bytes(content.replace(real, size.to_bytes(4, "little")))


def with_formula(write, variable="h1", **cells):
    """A sheet in which write(sheet, row) stands in every row but the first of one column."""
    sheet = Sheet(Design.any("bomb", sizes=(2, 2, 2), bias=False, rate_at="cell"))
    for row in range(sheet.first + 1, sheet.last + 1):
        sheet.cells[row, sheet.columns[variable]] = write(sheet, row)
    return sheet


FORMULA_BOMBS = {
    "a product of sums": lambda: with_formula(lambda s, r: "=" + "*".join([_sum(s, r)] * 20)).package(),
    "a power of powers": lambda: with_formula(lambda s, r: f"=(({_sum(s, r)}^999)^999)^999").package(),
    "powers of sums": lambda: with_formula(lambda s, r: "=" + "^".join([_sum(s, r)] * 20)).package(),
    "cells of cells of cells": lambda: _tree_of_cells().package(),
    "row 99999999999": lambda: _far_row(),
}


def _sum(sheet, row):
    names = (("w1", "w2", "w3", "w4", "i1", "i2") * 4)[:20]
    return "(" + "+".join(sheet.ref(name, row) for name in names) + ")"


def _tree_of_cells():
    """Twelve rows of twenty cells, each the sum of the whole next row: 20^12 terms."""
    sheet = with_formula(lambda s, r: "=A200")
    for depth in range(12):
        for column in range(20):
            below = "+".join(f"{chr(65 + k)}{201 + depth}" for k in range(20))
            sheet.cells[200 + depth, 1 + column] = f"={below}" if depth < 11 else 0.5
    return sheet


def _far_row():
    far = b'<row r="99999999999"><c r="A99999999999"><v>1</v></c></row></sheetData>'
    return repacked(GOOD, **{SHEET: part_of(GOOD, SHEET).replace(b"</sheetData>", far)})
