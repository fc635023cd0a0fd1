"""`build --check` against files that other programs, or a bad disk, made of a build."""

import io
import re
import zipfile

import pytest

from workbook.build import build
from workbook.compare import first_difference
from workbook.existing import proof
from xlfuncs.errors import NotAWorkbookError
from xlfuncs.network import DEFAULT


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    path = tmp_path_factory.mktemp("compare") / "a.xlsx"
    build(path, DEFAULT, [0.5], 3)
    return path.read_bytes()


def changed(package, part, old, new):
    """The file with the first match of a pattern replaced in one part."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == part:
                content, count = re.subn(old, new, content, count=1)
                assert count
            target.writestr(name, content)
    out.seek(0)
    out.name = "a.xlsx"
    return out


SHEET = "xl/worksheets/sheet2.xml"


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        (SHEET, rb'<c r="\w+"', b"<c"),
        (SHEET, rb'(<c r="\w+"[^>]* t="s"[^>]*>)<v>\d+</v>', rb"\1"),
        (SHEET, rb'(<c r="\w+"[^>]* t="s"[^>]*>)<v>\d+</v>', rb"\1<v>999999</v>"),
        (SHEET, rb"</sheetData>", b""),
        ("xl/workbook.xml", rb' name="Start"', b""),
        ("xl/workbook.xml", rb' r:id="\w+"', b""),
        ("xl/_rels/workbook.xml.rels", rb' Target="[^"]+"', b""),
    ],
    ids=["no address", "no text", "no such text", "half", "no name", "no relation", "no target"],
)
def test_a_file_that_lacks_what_every_workbook_has(built, part, old, new):
    with pytest.raises(NotAWorkbookError, match=r"can.t be read as a workbook; is it an \.xlsx file, and whole"):
        first_difference(io.BytesIO(built), changed(built, part, old, new))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (rb'(<c r="C28"[^>]*><f>[^<]*)(</f>)', rb"\1+1\2", r"LR=0.5!C28: the file has =.*\+1 \(.*, the build =.* \(.*"),
        (rb'(<c r="C28"[^>]*>(?:<f>[^<]*</f>)?)<v>[^<]*</v>', rb"\1<v>7.5</v>", r"LR=0.5!C28: .*7\.5.*"),
        (rb'<c r="C28"[^>]*>.*?</c>', b"", r"LR=0.5!C28: the file has nothing, the build .*"),
        (rb'(<c r="C28")', rb'<c r="B28" s="0"><v>1</v></c>\1', r"LR=0.5!B28: the file has .*"),
        (rb'(<c r="C28" s=)"\d+"', rb'\1"0"', r"LR=0.5!C28: the format is not the build's\."),
    ],
    ids=["formula", "value", "missing", "one more", "format"],
)
def test_the_first_cell_that_differs_is_named(built, old, new, words):
    sentence = first_difference(io.BytesIO(built), changed(built, SHEET, old, new))
    assert re.fullmatch(words, sentence), sentence


def test_a_last_digit_is_no_difference(built):
    """e^x differs there between machines."""

    def nudged(match):
        return match[1] + repr(float(match[2]) * (1 + 4e-16)).encode() + match[3]

    other = changed(built, SHEET, rb'(<c r="I28"[^>]*><f>[^<]*</f><v>)([\d.]+)(</v>)', nudged)
    assert other.getvalue() != built
    assert first_difference(io.BytesIO(built), other) is None


def test_a_part_too_many_is_named(built):
    other = io.BytesIO(built)
    with zipfile.ZipFile(other, "a") as package:
        package.writestr("xl/vbaProject.bin", b"x")
    other.seek(0)
    sentence = first_difference(io.BytesIO(built), other)
    assert sentence == "All cells agree, but the file has a part xl/vbaProject.bin, which the build has not."


def test_a_proof_that_somebody_wrote_over_is_of_a_changed_sheet():
    cells = [("A1", "x")]
    assert proof.is_unchanged(proof.sheet_proof(cells, 0), cells, 0)
    assert not proof.is_unchanged("two\nlines", cells, 0)
    assert not proof.is_unchanged(proof.sheet_proof(cells, 0) + "\n", cells, 0)


def test_something_drawn_on_a_sheet_changes_it_and_a_picture_that_was_lost_does_not():
    cells = [("A1", "x")]
    assert not proof.is_unchanged(proof.sheet_proof(cells, 1), cells, 2)
    assert proof.is_unchanged(proof.sheet_proof(cells, 1), cells, 0)
