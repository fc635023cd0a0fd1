"""What gradsheet didn't write, or what somebody changed since, is never replaced unasked."""

import os
import shutil
import sys
import zipfile
from datetime import date

import openpyxl
import pandas
import pytest
import python_calamine
import xlsxwriter

from tests.workbook.copies import copied
from workbook.build import build
from workbook.cli import main
from workbook.existing import origin, proof
from workbook.existing.origin import Origin, Output, origin_of
from xlfuncs.errors import GradsheetError
from xlfuncs.network import DEFAULT, Network

TODAY = date.today().isoformat()
SMALL = ["--lr", "0.5", "--iterations", "3"]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A small workbook as gradsheet writes it."""
    path = tmp_path_factory.mktemp("written") / "lesson.xlsx"
    build(path, DEFAULT, [0.1], 5)
    return path


@pytest.fixture
def lesson(written, tmp_path):
    return shutil.copy(written, tmp_path / "lesson.xlsx")


def one_cell_by_openpyxl(path):
    book = openpyxl.load_workbook(path)
    book["Start"]["C7"] = 0.06
    book.save(path)


def only_saved_by_openpyxl(path):
    openpyxl.load_workbook(path).save(path)


def one_byte(path):
    os.rename(path, path.with_suffix(".old"))
    part = "xl/worksheets/sheet1.xml"
    copied(path.with_suffix(".old"), path, lambda name, c: c.replace(b"0.05", b"0.06", 1) if name == part else c)


def one_property(path):
    """Somebody's own document property, and nothing else."""
    os.rename(path, path.with_suffix(".old"))
    mine = b'<property fmtid="%s" pid="9" name="mine"><vt:lpwstr>x</vt:lpwstr></property></Properties>'
    mine %= proof.FORMAT_ID.encode()
    copied(
        path.with_suffix(".old"),
        path,
        lambda name, c: c.replace(b"</Properties>", mine) if name == proof.PART else c,
    )


def one_value_of_the_proof(path):
    os.rename(path, path.with_suffix(".old"))
    copied(path.with_suffix(".old"), path, lambda name, c: c.replace(b"native", b"values") if name == proof.PART else c)


def a_comment_in_the_proof(path):
    os.rename(path, path.with_suffix(".old"))
    end = b"</Properties>"
    copied(path.with_suffix(".old"), path, lambda name, c: c.replace(end, b"<!-- mine -->" + end))


def two_parts_swapped(path):
    os.rename(path, path.with_suffix(".old"))
    names = ["xl/charts/chart1.xml", "xl/charts/chart2.xml"]
    with zipfile.ZipFile(path.with_suffix(".old")) as old:
        swapped = dict(zip(names, [old.read(name) for name in reversed(names)], strict=True))
    copied(path.with_suffix(".old"), path, lambda name, c: swapped.get(name, c))


def the_proof_twice(path):
    with zipfile.ZipFile(path) as archive:
        content = archive.read(proof.PART)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(proof.PART, content)


def one_more_part(path):
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/media/mine.png", b"a picture")


def a_part_twice(path):
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("xl/worksheets/sheet1.xml", b"another")


def by_xlsxwriter(path):
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("Homework").write("A1", "mine")


def by_an_older_gradsheet(path):
    os.rename(path, path.with_suffix(".old"))
    copied(path.with_suffix(".old"), path, lambda name, c: None if name == proof.PART else c)


def a_text(path):
    path.write_text("no workbook at all")


def an_empty_file(path):
    path.write_bytes(b"")


CHANGES = [one_cell_by_openpyxl, only_saved_by_openpyxl, one_byte, one_property, one_more_part, a_part_twice]
CHANGES += [one_value_of_the_proof, a_comment_in_the_proof, two_parts_swapped, the_proof_twice]
FOREIGN = [by_xlsxwriter, by_an_older_gradsheet, a_text, an_empty_file]


def refused(arguments, path, capsys):
    """The command changes nothing in the path's folder; returns its sentence."""
    before = {p: p.read_bytes() for p in path.parent.iterdir() if p.is_file()}
    assert main(arguments) == 2
    assert {p: p.read_bytes() for p in path.parent.iterdir() if p.is_file()} == before
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1
    return err


@pytest.mark.parametrize("change", [*CHANGES, *FOREIGN], ids=lambda f: f.__name__)
def test_it_is_not_replaced(lesson, capsys, change):
    assert origin_of(lesson) is Origin.UNTOUCHED
    change(lesson)
    expected = Origin.CHANGED if change in CHANGES else Origin.FOREIGN
    assert origin_of(lesson) is expected
    said = refused(["build", str(lesson), *SMALL], lesson, capsys)
    words = "was changed since gradsheet wrote it" if expected is Origin.CHANGED else "nothing in it proves that"
    assert words in said and "another name" in said and "--force" in said


def test_one_cell_changed_and_saved_by_libreoffice(libreoffice, lesson, tmp_path, capsys):
    for name, changes in (("same.xlsx", {}), ("changed.xlsx", {"Start": {"C7": 0.06}})):
        saved = tmp_path / name
        libreoffice.save(lesson, saved, changes)
        assert origin_of(saved) is Origin.CHANGED
        assert "was changed since" in refused(["build", str(saved), *SMALL], saved, capsys)


def test_libreoffice_only_opens_and_closes_it(libreoffice, lesson):
    libreoffice.recalculate(lesson)
    assert origin_of(lesson) is Origin.UNTOUCHED


def test_an_untouched_one_is_replaced_without_a_word(lesson, capsys):
    before = lesson.read_bytes()
    assert main(["build", str(lesson), *SMALL]) == 0
    assert "kept" not in capsys.readouterr().out
    assert lesson.read_bytes() != before and os.listdir(lesson.parent) == ["lesson.xlsx"]
    assert origin_of(lesson) is Origin.UNTOUCHED


@pytest.mark.parametrize("formulas", ["native", "values", "udf"])
def test_every_kind_of_workbook_proves_itself(tmp_path, formulas):
    path = tmp_path / ("a.xlsm" if formulas == "udf" else "a.xlsx")
    build(path, Network.of_sizes((3, 2, 1)), [0.1, 1e-7], 4, formulas=formulas, macros=formulas == "udf")
    assert origin_of(path) is Origin.UNTOUCHED
    with zipfile.ZipFile(path) as archive:
        assert proof.properties_of(archive)[proof.FORMULAS] == formulas
    one_more_part(path)
    assert origin_of(path) is Origin.CHANGED


def test_an_xlsm_that_openpyxl_changed(tmp_path, capsys):
    path = tmp_path / "a.xlsm"
    build(path, DEFAULT, [0.1], 4, formulas="udf", macros=True)
    book = openpyxl.load_workbook(path, keep_vba=True)
    book["Start"]["C7"] = 0.06
    book.save(path)
    assert "was changed since" in refused(["build", str(path), *SMALL], path, capsys)


def test_other_programs_read_it_and_its_proof(written):
    assert openpyxl.load_workbook(written).custom_doc_props[proof.DIGEST].value
    assert pandas.read_excel(written, sheet_name="LR=0.1", header=26).shape[0] == 5
    assert python_calamine.CalamineWorkbook.from_path(written).sheet_names == [
        "Start",
        "LR=0.1",
        "Error_LR Graphs",
        "Functions",
    ]


def test_the_same_input_gives_the_same_bytes(written, tmp_path):
    build(tmp_path / "again.xlsx", DEFAULT, [0.1], 5)
    assert (tmp_path / "again.xlsx").read_bytes() == written.read_bytes()


def test_check_never_writes(lesson, capsys):
    one_cell_by_openpyxl(lesson)
    before = lesson.read_bytes()
    assert main(["build", str(lesson), "--lr", "0.1", "--iterations", "5", "--check"]) == 1
    assert main(["build", str(lesson), "--check", "--force"]) == 1
    assert lesson.read_bytes() == before and os.listdir(lesson.parent) == ["lesson.xlsx"]


def test_force_keeps_every_old_file(lesson, capsys):
    names = [f"lesson.{TODAY}{number}.xlsx" for number in ("", "-2", "-3")]
    for k, name in enumerate(names):
        lesson.write_text(f"homework {k}")
        assert main(["build", str(lesson), *SMALL, "--force"]) == 0
        assert f"kept as {lesson.with_name(name)}" in capsys.readouterr().out
        assert origin_of(lesson) is Origin.UNTOUCHED
    assert [lesson.with_name(name).read_text() for name in names] == ["homework 0", "homework 1", "homework 2"]
    assert main(["build", str(lesson), *SMALL, "--force"]) == 0
    assert "kept" not in capsys.readouterr().out and len(os.listdir(lesson.parent)) == 4


def test_force_on_a_disk_without_links(lesson, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    lesson.write_text("homework")
    assert main(["build", str(lesson), *SMALL, "--force"]) == 0
    assert lesson.with_name(f"lesson.{TODAY}.xlsx").read_text() == "homework"


def test_a_link_to_a_students_file(tmp_path, capsys):
    (tmp_path / "real").mkdir()
    real, link = tmp_path / "real" / "homework.xlsx", tmp_path / "lesson.xlsx"
    real.write_text("mine")
    link.symlink_to(real)
    assert "nothing in it proves" in refused(["build", str(link), *SMALL], real, capsys)
    assert main(["build", str(link), *SMALL, "--force"]) == 0
    assert link.is_symlink() and origin_of(real) is Origin.UNTOUCHED
    assert (tmp_path / "real" / f"homework.{TODAY}.xlsx").read_text() == "mine"


def test_what_is_no_file(tmp_path, capsys):
    (tmp_path / "folder.xlsx").mkdir()
    assert "is a folder" in refused(["build", str(tmp_path / "folder.xlsx"), "--force"], tmp_path / "x", capsys)
    if sys.platform != "win32":
        os.mkfifo(tmp_path / "pipe.xlsx")  # opening it would never end
        said = refused(["build", str(tmp_path / "pipe.xlsx"), "--force"], tmp_path / "x", capsys)
        assert "no ordinary file" in said


def test_it_is_judged_again_just_before_it_is_replaced(lesson, tmp_path):
    with pytest.raises(GradsheetError, match="nothing in it proves"), Output(lesson).open() as file:
        file.write(b"new")
        lesson.write_text("homework, saved meanwhile")
    assert lesson.read_text() == "homework, saved meanwhile"
    with pytest.raises(GradsheetError, match="nothing in it proves"), Output(tmp_path / "b.xlsx").open() as file:
        file.write(b"new")
        (tmp_path / "b.xlsx").write_text("came meanwhile")
    assert sorted(os.listdir(tmp_path)) == ["b.xlsx", "lesson.xlsx"]


def test_a_file_that_changes_while_it_is_judged_is_judged_again(lesson, monkeypatch):
    judge, judged = origin.origin_of, []

    def slowly(path):
        judged.append(judge(path))
        if len(judged) == 2:  # the first time is before the work, this one just before the replace
            path.write_text("homework")
        return judged[-1]

    monkeypatch.setattr(origin, "origin_of", slowly)
    with pytest.raises(GradsheetError, match="nothing in it proves"):
        build(lesson, DEFAULT, [0.1], 3)
    assert judged == [Origin.UNTOUCHED, Origin.UNTOUCHED, Origin.FOREIGN] and lesson.read_text() == "homework"


def test_a_forced_write_that_fails_leaves_one_file(lesson, monkeypatch):
    lesson.write_text("homework")

    def full(*_):
        raise OSError(28, "No space left on device")

    output = Output(lesson, force=True)
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(GradsheetError, match="the disk is full"), output.open() as file:
        file.write(b"new")
    assert os.listdir(lesson.parent) == ["lesson.xlsx"] and lesson.read_text() == "homework"
    assert output.backup is None


def test_a_bomb_that_carries_a_digest_is_judged_in_little_memory(tmp_path):
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(proof.PART, proof.properties_part({proof.DIGEST: "0" * 64}))
        with archive.open("xl/worksheets/sheet1.xml", "w") as part:
            for _ in range(64):
                part.write(bytes(2**20))
    import tracemalloc

    tracemalloc.start()
    assert origin_of(path) is Origin.CHANGED
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * 2**20


def test_damaged_packages_are_foreign(written, tmp_path):
    whole = written.read_bytes()
    for k in range(0, len(whole), len(whole) // 40):
        path = tmp_path / f"{k}.xlsx"
        path.write_bytes(whole[:k])
        assert origin_of(path) is Origin.FOREIGN
        path.write_bytes(whole[:k] + bytes([whole[k] ^ 0x55]) + whole[k + 1 :])
        assert origin_of(path) in (Origin.FOREIGN, Origin.CHANGED, Origin.UNTOUCHED)


def test_the_demo_never_takes_a_name_that_somebody_takes_meanwhile(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gradsheet-2.xlsx").write_text("homework")
    flush = os.fsync

    def late(descriptor):
        if not os.path.exists("gradsheet.xlsx"):
            with open("gradsheet.xlsx", "w") as file:
                file.write("came meanwhile")
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", late)
    assert main(["demo", "--no-train"]) == 0
    assert "open gradsheet-3.xlsx" in capsys.readouterr().out
    assert (tmp_path / "gradsheet.xlsx").read_text() == "came meanwhile"
    assert (tmp_path / "gradsheet-2.xlsx").read_text() == "homework"
    assert sorted(os.listdir(tmp_path)) == ["gradsheet-2.xlsx", "gradsheet-3.xlsx", "gradsheet.xlsx"]
