"""`train --workbook` into a workbook that somebody made their own: the run's sheets come, all else stays."""

import csv
import os
import shutil
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from lxml import etree
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill
from openxml_audit import OpenXmlValidator, predict

from trainer import files
from workbook import build
from workbook.cli import main
from workbook.existing.graft import sheets
from workbook.existing.origin import Origin, origin_of
from workbook.parts.opc import Package, tag
from workbook.sheets import run_report
from workbook.sheets.training_cells import HEADER_ROW
from xlfuncs.errors import GradsheetError
from xlfuncs.network import DEFAULT, Network

pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("torchvision", reason="torchvision is not installed")
pytest.importorskip("sklearn", reason="scikit-learn is not installed")
from trainer.run import load_run
from workbook.live.file import WorkbookFile

TODAY = date.today().isoformat()
RUN_SHEETS = ["Training", "Architecture", "Mistakes", "Digit pad"]
NAMING = {
    "[Content_Types].xml",
    "xl/workbook.xml",
    "xl/_rels/workbook.xml.rels",
    "xl/styles.xml",
    "docProps/custom.xml",
}
QUICK = ["train", "--dataset", "digits", "--dry-run"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run of two short epochs."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    assert main([*QUICK, "--run-dir", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def run(finished):
    return load_run(finished)


@pytest.fixture(scope="module", autouse=True)
def report_once():
    """The reports on a run, which take a second each, made once, and with few pictures of mistakes."""
    made = {}
    fresh = run_report.of_run

    def remembered(run):
        key = run.folder, len(run.rows)
        if key not in made:
            report = fresh(run)
            found = report.examination
            pictured = ("indices", "images", "labels", "predictions", "confidences")
            few = replace(found, **{name: getattr(found, name)[:6] for name in pictured})
            made[key] = replace(report, examination=few)
        return made[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_report, "of_run", remembered)
        yield


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A lesson that isn't the default one: 3-4-2, rates 0.3 and 0.7."""
    path = tmp_path_factory.mktemp("plain") / "lesson.xlsx"
    build.build(path, Network.of_sizes((3, 4, 2)), [0.3, 0.7], 6)
    return path


@pytest.fixture(scope="module")
def macro(tmp_path_factory):
    path = tmp_path_factory.mktemp("macro") / "lesson.xlsm"
    build.build(path, DEFAULT, [0.5], 4, formulas="udf", macros=True)
    return path


@pytest.fixture
def lesson(plain, tmp_path):
    return shutil.copy(plain, tmp_path / "lesson.xlsx")


def in_sight(book):
    return [sheet.title for sheet in book if sheet.sheet_state == "visible"]


def show(path, run, **how):
    target = WorkbookFile(path, **how)
    target.show(run)
    return target


def by_openpyxl(path, _libreoffice):
    """Everything that a student may do: numbers, notes, colours, sheets, charts, names."""
    book = openpyxl.load_workbook(path, keep_vba=path.suffix == ".xlsm")
    start = book["Start"]
    start["C7"] = 0.25
    start["J20"] = "a note of mine"
    start["J20"].fill = PatternFill("solid", fgColor="FF123456")
    start["C8"].comment = Comment("why is that so?", "me")
    mine = book.create_sheet("Mine, and the teacher's", 1)
    for row in range(1, 6):
        mine.append([row, f"=Start!C7*{row}"])
    chart = BarChart()
    chart.add_data(Reference(mine, min_col=2, min_row=1, max_row=5))
    mine.add_chart(chart, "E2")
    book.save(path)


def by_libreoffice(path, libreoffice):
    saved = path.with_stem("saved")
    libreoffice.save(path, saved, {"Start": {"C7": 0.25, "J20": "a note of mine"}})
    os.replace(saved, path)


def by_hand(path, _libreoffice):
    """As Excel leaves a package: a calculation chain, and what only Excel knows; one number changed."""
    package = Package(path)
    parts = sheets(package)
    part = parts["Start"]
    package.write(part, package.read(part).replace(b">0.05<", b">0.25<", 1))
    chain = (
        '<calcChain xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><c r="C12" i="1"/></calcChain>'
    )
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.calcChain+xml"
    package.add("xl/calcChain.xml", chain.encode(), kind)
    package.relate(package.main(), "xl/calcChain.xml", "calcChain")
    package.add("xl/persons/person.xml", b"<mine/>", "application/xml")
    package.save(path)


def parts_of(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def cell_formats(path):
    """What each style number of the package means: the format with its font, fill, border and number format."""
    with zipfile.ZipFile(path) as archive:
        root = etree.fromstring(archive.read("xl/styles.xml"))
    lists = {name: root.find(tag(name)) for name in ("fonts", "fills", "borders")}
    numbers = {f.get("numFmtId"): f.get("formatCode") for f in root.iter(tag("numFmt"))}

    def meaning(xf):
        parts = [etree.tostring(lists[f"{name}s"][int(xf.get(f"{name}Id", 0))]) for name in ("font", "fill", "border")]
        return *parts, numbers.get(xf.get("numFmtId")), dict(xf.attrib), [etree.tostring(child) for child in xf]

    return [meaning(xf) for xf in root.find(tag("cellXfs"))]


def audit(path):
    result = OpenXmlValidator().validate(str(path))
    return {str(error) for error in result.errors}, predict(result).prediction.value


def untouched(path, _libreoffice):
    """Nothing is done to it."""


@pytest.mark.parametrize(
    ("how", "kind"),
    [
        (untouched, "xlsx"),
        (by_hand, "xlsx"),
        (by_openpyxl, "xlsx"),
        (by_libreoffice, "xlsx"),
        (by_libreoffice, "xlsm"),
        pytest.param(untouched, "xlsm", marks=pytest.mark.slow),
        pytest.param(by_hand, "xlsm", marks=pytest.mark.slow),
        pytest.param(by_openpyxl, "xlsm", marks=pytest.mark.slow),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_everything_else_stays(request, libreoffice, plain, macro, tmp_path, finished, run, capsys, how, kind):
    path = shutil.copy(plain if kind == "xlsx" else macro, tmp_path / f"lesson.{kind}")
    how(path, libreoffice)
    before, formats, findings, state = parts_of(path), cell_formats(path), audit(path), origin_of(path)
    theirs = libreoffice.recalculate(path)
    assert state is (Origin.UNTOUCHED if how is untouched else Origin.CHANGED)
    assert main(["train", "--resume", str(finished), "--workbook", str(path)]) == 0
    assert (
        f"{path}: the sheets Training, Architecture, Mistakes and Digit pad show this run." in capsys.readouterr().out
    )
    after = parts_of(path)
    renewed = _parts_of_sheet(before, path, "Training") if kind == "xlsm" else set()
    gone = {"xl/calcChain.xml"} if how is by_hand else set()
    assert not gone & after.keys(), "it would name cells that the sheets no longer hold: Excel would repair the file"
    assert {part for part in before if before[part] != after.get(part)} - gone - renewed <= NAMING
    assert cell_formats(path)[: len(formats)] == formats
    assert origin_of(path) is state, "what somebody changed is never stamped as untouched"
    found = audit(path)
    assert {e for e in found[0] if "inline-string" not in e} <= findings[0] and found[1] == findings[1]
    _recalculates_as_before(libreoffice, path, theirs, run)


def _parts_of_sheet(parts, path, name):
    """The part of a sheet and those that only it refers to (read from the file as it now is: its place stays)."""
    part = sheets(Package(path))[name]
    folder, file = part.rsplit("/", 1)
    own = {part, f"{folder}/_rels/{file}.rels"}
    relations = etree.fromstring(parts[f"{folder}/_rels/{file}.rels"])
    for relation in relations:
        target = os.path.normpath(os.path.join("/" + folder, relation.get("Target"))).lstrip("/")
        own |= {target, f"{os.path.dirname(target)}/_rels/{os.path.basename(target)}.rels"}
        if target.startswith("xl/drawings/drawing"):
            own |= {p for p in parts if p.startswith("xl/charts/")}
    return own


def _recalculates_as_before(libreoffice, path, theirs, run):
    """LibreOffice shows every sheet and chart; each cell of the user's sheets has the value that it had."""
    ours = libreoffice.recalculate(path)
    for name in theirs.keys() - set(RUN_SHEETS):
        assert ours[name] == theirs[name], name
    assert list(ours)[: len(theirs)] == list(theirs) and set(RUN_SHEETS) <= ours.keys()
    with open(run.folder / "epochs.csv", newline="") as file:
        log = list(csv.DictReader(file))
    for row, logged in zip(ours["Training"][HEADER_ROW:], log, strict=False):
        assert row[1] == float(logged["epoch"]) and row[5] == float(logged["test_loss"])
    assert sum(sum(row[2:12]) for row in ours["Mistakes"][5:15]) == run.config.test_images
    assert ours["Architecture"][30][4] == 10690
    charts = libreoffice.charts(path)
    assert charts["Training"] == 4 and charts["Architecture"] == 1
    assert charts["Start"] == 1 and charts["Error_LR Graphs"] >= 2


def looks(book):
    """All that openpyxl knows about the run's sheets: contents, formats, widths, rules, pictures."""
    found = {}
    for sheet in (book[name] for name in RUN_SHEETS):
        for cell in (c for row in sheet for c in row):
            format_ = cell.number_format, cell.font, cell.fill, cell.border, cell.alignment
            found[sheet.title, cell.coordinate] = cell.value, *map(repr, format_), cell.style
        found[sheet.title] = (
            {letter: column.width for letter, column in sheet.column_dimensions.items()},
            {row: (line.height, line.style) for row, line in sheet.row_dimensions.items()},
            sorted(map(str, sheet.merged_cells.ranges)),
            [(str(r.sqref), [repr(rule) for rule in r.rules]) for r in sheet.conditional_formatting],
            (sheet.print_title_rows, sheet.print_area, sheet.freeze_panes, len(sheet._images), len(sheet._charts)),
        )
    return found


def test_the_runs_sheets_look_as_in_a_new_workbook(lesson, run, tmp_path):
    by_openpyxl(lesson, None)
    show(lesson, run)
    show(tmp_path / "new.xlsx", run)
    expected, found = (looks(openpyxl.load_workbook(path)) for path in (tmp_path / "new.xlsx", lesson))
    assert {k for k in expected if expected[k] != found.get(k)} == set() and found.keys() == expected.keys()
    assert found["Training"][4][0] == f"${HEADER_ROW}:${HEADER_ROW}"


def test_a_lesson_comes_back_as_that_lesson(lesson, run):
    show(lesson, run)
    book = openpyxl.load_workbook(lesson)
    assert in_sight(book) == ["Start", "LR=0.3", "LR=0.7", "Error_LR Graphs", "Functions", *RUN_SHEETS]
    assert book["LR=0.3"]["H17"].value == 0.3 and book["Start"]["E7"].value == 0.15


def test_the_same_run_again_changes_nothing(lesson, run):
    show(lesson, run)
    before = lesson.read_bytes()
    show(lesson, run)
    assert lesson.read_bytes() == before
    by_openpyxl(lesson, None)
    show(lesson, run)
    before = parts_of(lesson)
    show(lesson, run)
    assert parts_of(lesson) == before


def test_another_run_takes_the_place_of_the_one_before(lesson, run, tmp_path):
    import copy

    shorter = copy.copy(run)
    shorter.rows = run.rows[:1]
    show(lesson, shorter)
    parts = set(parts_of(lesson))
    show(lesson, run)
    book = openpyxl.load_workbook(lesson)
    assert book.sheetnames[-4:] == RUN_SHEETS and len(in_sight(book)) == 9
    assert book["Training"][f"B{HEADER_ROW + 2}"].value == 2
    assert list(book["Training"].tables) == ["EpochLog"]
    images = len(book["Mistakes"]._images)
    assert len([p for p in parts_of(lesson) if p.startswith("xl/media")]) == images + 1  # and the autograd graph
    assert {p for p in parts if "media" not in p} == {p for p in parts_of(lesson) if "media" not in p}


def users_own_sheet(book):
    book.create_sheet("Training")["B2"] = "my training plan for the marathon"


def test_a_sheet_of_the_users_with_that_name_stays(lesson, run):
    book = openpyxl.load_workbook(lesson)
    users_own_sheet(book)
    book.save(lesson)
    for _ in range(2):
        assert "the sheets Training 2, Architecture, Mistakes and Digit pad" in show(lesson, run).sentence()
    book = openpyxl.load_workbook(lesson)
    assert in_sight(book)[5:] == ["Training", "Training 2", "Architecture", "Mistakes", "Digit pad"]
    assert book["Training"]["B2"].value == "my training plan for the marathon"
    plotted = [line.yVal.numRef.f for chart in book["Training 2"]._charts for line in chart.series]
    assert len(plotted) == 4 and all(cells.startswith("'Training 2'!") for cells in plotted)


@pytest.mark.parametrize("place", ["L45", "B14", "comment", "picture"])
def test_what_a_user_wrote_on_a_sheet_of_ours_stays(lesson, run, place):
    show(lesson, run)
    book = openpyxl.load_workbook(lesson)
    sheet = book["Training"]
    if place == "comment":
        sheet["C20"].comment = Comment("look at this", "me")
    elif place == "picture":
        chart = BarChart()
        chart.add_data(Reference(sheet, min_col=2, min_row=13, max_row=14))
        sheet.add_chart(chart, "B30")
    else:
        sheet[place] = "mine"
    book.save(lesson)
    kept = openpyxl.load_workbook(lesson)["Training"]
    assert "the sheets Training 2, Architecture, Mistakes and Digit pad" in show(lesson, run).sentence()
    book = openpyxl.load_workbook(lesson)
    assert [c.value for row in book["Training"] for c in row] == [c.value for row in kept for c in row]
    assert book.sheetnames.count("Training 2") == 1
    assert {t for s in book for t in s.tables} == {"EpochLog", "EpochLog2"}
    assert len({t.id for s in book for t in s.tables.values()}) == 2


def test_a_renamed_sheet_of_ours_is_the_users_archive(lesson, run):
    show(lesson, run)
    book = openpyxl.load_workbook(lesson)
    book["Training"].title = "First try"
    book.save(lesson)
    assert "the sheets Training, Architecture" in show(lesson, run).sentence()
    assert in_sight(openpyxl.load_workbook(lesson))[5:] == ["First try", *RUN_SHEETS[1:], "Training"]


def test_a_workbook_of_numbers_gets_numbers(run, tmp_path):
    path = tmp_path / "numbers.xlsx"
    build.build(path, DEFAULT, [0.5], 4, formulas="values")
    by_openpyxl(path, None)
    show(path, run)
    assert isinstance(openpyxl.load_workbook(path)["Mistakes"]["M6"].value, float)


def test_a_workbook_whose_names_were_all_deleted(lesson, run):
    package = Package(lesson)
    root = package.xml(package.main())
    root.remove(root.find(tag("definedNames")))
    package.write_xml(package.main(), root)
    package.save(lesson)
    show(lesson, run)
    assert audit(lesson) == (set(), "opens-clean")
    assert openpyxl.load_workbook(lesson)["Training"].print_title_rows == f"${HEADER_ROW}:${HEADER_ROW}"


def test_a_sheet_that_a_user_deleted_comes_back(lesson, run):
    show(lesson, run)
    book = openpyxl.load_workbook(lesson)
    del book["Mistakes"]
    book.save(lesson)
    show(lesson, run)
    assert in_sight(openpyxl.load_workbook(lesson))[5:] == ["Training", "Architecture", "Digit pad", "Mistakes"]


def test_a_macro_workbook_keeps_its_settings_buttons_and_macros(macro, run, tmp_path):
    path = shutil.copy(macro, tmp_path / "lesson.xlsm")
    book = openpyxl.load_workbook(path, keep_vba=True)
    book["Training"]["F4"], book["Training"]["F6"], book["Training"]["C5"] = 7, 0.025, "published"
    book.save(path)
    vba = parts_of(path)["xl/vbaProject.bin"]
    code = openpyxl.load_workbook(path, keep_vba=True)["Training"].sheet_properties.codeName
    show(path, run)
    sheet = openpyxl.load_workbook(path, keep_vba=True)["Training"]
    assert (sheet["F4"].value, sheet["F6"].value, sheet["C5"].value) == (7, 0.025, "published")
    assert parts_of(path)["xl/vbaProject.bin"] == vba
    assert sheet.sheet_properties.codeName == code and code
    assert sheet["L5"].value == str(run.folder.resolve()) and sheet["B13"].value == 1
    [vml] = [content for part, content in parts_of(path).items() if part.endswith(".vml") and b"RunTraining" in content]
    assert vml.count(b'ObjectType="Button"') == 4
    assert "learning_rate" in sheet.defined_names and "status" in sheet.defined_names


def test_the_sheet_in_front_stays_in_front(lesson, run):
    show(lesson, run)
    package = Package(lesson)
    root = package.xml(sheets(package)["Training"])
    next(root.iter(tag("sheetView"))).set("tabSelected", "1")
    package.write_xml(sheets(package)["Training"], root)
    package.save(lesson)
    show(lesson, run)
    book = openpyxl.load_workbook(lesson)
    assert [sheet.title for sheet in book if sheet.sheet_view.tabSelected] == ["Training"]


def test_what_is_saved_during_the_training_stays(lesson, run):
    target = show(lesson, run)
    by_openpyxl(lesson, None)
    target.show(run)
    book = openpyxl.load_workbook(lesson)
    assert book["Start"]["J20"].value == "a note of mine" and book.sheetnames[-4:] == RUN_SHEETS
    os.remove(lesson)  # somebody tidied up: the lesson comes back as it was, not as the default one
    target.show(run)
    assert openpyxl.load_workbook(lesson)["Start"]["J20"].value == "a note of mine"


def test_what_is_saved_while_it_is_written_stays(lesson, run, monkeypatch):
    target, flush, saved = WorkbookFile(lesson), os.fsync, []

    def late(descriptor):
        if not saved:
            saved.append(True)
            book = openpyxl.load_workbook(lesson)
            book["Start"]["J20"] = "at the last moment"
            book.save(lesson)
        flush(descriptor)

    monkeypatch.setattr(files.os, "fsync", late)
    target.show(run)
    book = openpyxl.load_workbook(lesson)
    assert book["Start"]["J20"].value == "at the last moment" and book.sheetnames[-4:] == RUN_SHEETS


@pytest.mark.parametrize("arguments", [["--epochs", "0"], ["--lr", "-1"], ["--seed", "-5"], ["--data-dir", "nowhere"]])
@pytest.mark.parametrize("there", [True, False])
def test_a_mistake_changes_nothing(tmp_path, lesson, monkeypatch, capsys, arguments, there):
    monkeypatch.chdir(tmp_path)
    name = "lesson.xlsx" if there else "new.xlsx"
    before = lesson.read_bytes(), lesson.stat().st_mtime_ns
    dataset = "mnist" if "nowhere" in arguments else "digits"
    assert main(["train", "--dataset", dataset, *arguments, "--run-dir", "r", "--workbook", name]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert (lesson.read_bytes(), lesson.stat().st_mtime_ns) == before and os.listdir() == ["lesson.xlsx"]


def test_a_workbook_that_is_not_ours(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    openpyxl.Workbook().save("homework.xlsx")
    before = Path("homework.xlsx").read_bytes()
    arguments = [*QUICK, "--run-dir", "r", "--workbook", "homework.xlsx"]
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert "nothing in it proves that gradsheet wrote it" in said and "--force" in said and said.count("\n") == 1
    assert os.listdir() == ["homework.xlsx"] and Path("homework.xlsx").read_bytes() == before
    assert main([*arguments, "--force"]) == 0
    assert f"kept as homework.{TODAY}.xlsx" in capsys.readouterr().out
    assert Path(f"homework.{TODAY}.xlsx").read_bytes() == before
    assert openpyxl.load_workbook("homework.xlsx").sheetnames[-4:] == RUN_SHEETS
    assert sorted(os.listdir()) == [f"homework.{TODAY}.xlsx", "homework.xlsx", "r"]


def test_a_finished_run_fills_a_new_file(finished, tmp_path, capsys):
    path = tmp_path / "new.xlsx"
    assert main(["train", "--resume", str(finished), "--workbook", str(path)]) == 0
    assert "show this run" in capsys.readouterr().out
    assert openpyxl.load_workbook(path)["Training"]["B14"].value == 2
    assert main(["build", str(path), "--run", str(finished), "--check"]) == 0


def test_a_resume_shows_the_epochs_that_a_kill_kept_from_the_file(finished, run, lesson, capsys):
    """The kill came between the last checkpoint and its workbook."""
    import copy

    first = copy.copy(run)
    first.rows = run.rows[:1]
    show(lesson, first)
    assert main(["train", "--resume", str(finished), "--workbook", str(lesson)]) == 0
    assert openpyxl.load_workbook(lesson)["Training"]["B14"].value == 2


@pytest.mark.parametrize("refusals", [1, 99])
def test_a_file_that_is_open_in_excel(tmp_path, lesson, monkeypatch, capsys, refusals):
    """Windows refuses the replace; the training goes on, and what is said at the end is true."""
    replace, left = os.replace, [refusals]

    def refuse(source, target):
        if Path(target) == lesson and left[0] > 0:
            left[0] -= 1
            raise PermissionError(13, "open in Excel")
        replace(source, target)

    monkeypatch.setattr(os, "replace", refuse)
    before = lesson.read_bytes()
    code = main([*QUICK, "--run-dir", str(tmp_path / "r"), "--workbook", str(lesson)])
    out, err = capsys.readouterr()
    assert "training goes on" in out + err
    assert sorted(os.listdir(tmp_path)) == ["lesson.xlsx", "r"]
    if refusals == 1:
        assert code == 0 and "show this run" in out
        assert openpyxl.load_workbook(lesson)["Training"]["B14"].value == 2
        return
    assert code == 2 and "show this run" not in out and lesson.read_bytes() == before
    assert f"{lesson} doesn't show this run." in err and "open elsewhere" in err
    command = err.strip().splitlines()[-1].partition("gradsheet train ")[2]
    monkeypatch.setattr(os, "replace", replace)
    assert main(["train", *command.split()]) == 0
    assert openpyxl.load_workbook(lesson)["Training"]["B14"].value == 2


def test_no_word_of_sheets_where_nothing_was_written(tmp_path, run):
    target = WorkbookFile(tmp_path / "new.xlsx")
    assert target.finish(None) and "was not written: no epoch is finished" in target.sentence()
    assert os.listdir(tmp_path) == []


def test_a_workbook_that_became_damaged(tmp_path, lesson, run):
    """A proof is there, but the package is none any more: one sentence, the file as it is."""
    with zipfile.ZipFile(lesson) as old, zipfile.ZipFile(tmp_path / "b.xlsx", "w") as new:
        for name in old.namelist():
            new.writestr(name, b"<broken" if name == "xl/workbook.xml" else old.read(name))
    before = (tmp_path / "b.xlsx").read_bytes()
    with pytest.raises(GradsheetError, match="too damaged"):
        show(tmp_path / "b.xlsx", run)
    assert (tmp_path / "b.xlsx").read_bytes() == before


def test_a_sheet_training_without_macros_keeps_its_settings_and_gets_no_macro(run, tmp_path):
    """Built with --training, for LibreOffice's buttons; what the user chose stays."""
    path = tmp_path / "lesson.xlsx"
    assert main(["build", str(path), "--training", "--lr", "0.5", "--iterations", "4"]) == 0
    show(path, run)
    book = openpyxl.load_workbook(path)
    assert {"status", "run_folder", "epoch_log"} < set(book["Training"].defined_names)
    assert book["Training"][f"B{HEADER_ROW + len(run.rows)}"].value == len(run.rows)
    with zipfile.ZipFile(path) as package:
        assert not [name for name in package.namelist() if name.endswith(".vml") or "vba" in name]
