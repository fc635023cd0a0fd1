"""The command line: what it prints, its exit codes, and that a mistake costs nothing."""

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from workbook.cli import COMMANDS, main

ROOT = Path(__file__).resolve().parents[2]


def run(capsys, *arguments):
    code = main(list(arguments))
    return code, *capsys.readouterr()


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_build_and_check(capsys):
    assert run(capsys, "build", "a.xlsx")[0] == 0
    assert run(capsys, "build", "a.xlsx", "--check") == (0, "a.xlsx is what gradsheet builds.\n", "")
    code, out, _ = run(capsys, "build", "a.xlsx", "--check", "--iterations", "84")
    assert code == 1 and "Start!" in out


def test_check_names_the_first_cell_that_differs(capsys):
    run(capsys, "build", "a.xlsx", "--iterations", "9")
    with zipfile.ZipFile("a.xlsx") as source:
        parts = {name: source.read(name) for name in source.namelist()}
    sheet = parts["xl/worksheets/sheet3.xml"].replace(b"<f>1/(1+EXP(-J31))</f>", b"<f>1/(1+EXP(-J34))</f>", 1)
    with zipfile.ZipFile("a.xlsx", "w") as target:
        for name, content in (parts | {"xl/worksheets/sheet3.xml": sheet}).items():
            target.writestr(name, content)
    code, out, _ = run(capsys, "build", "a.xlsx", "--iterations", "9", "--check")
    assert code == 1
    assert "LR=0.2!K31: the file has =1/(1+EXP(-J34))" in out and "the build =1/(1+EXP(-J31))" in out


def test_check_compares_content_where_bytes_differ(capsys):
    """The same parts, packed otherwise, and a value that differs in its last digit."""
    run(capsys, "build", "a.xlsx", "--iterations", "9")
    with zipfile.ZipFile("a.xlsx") as source:
        parts = {name: source.read(name) for name in source.namelist()}
    value = b"0.014181377937891659"
    assert value in parts["xl/worksheets/sheet2.xml"]

    def repack(number):
        with zipfile.ZipFile("a.xlsx", "w", zipfile.ZIP_STORED) as target:
            for name, content in parts.items():
                target.writestr(name, content.replace(value, number))
        return run(capsys, "build", "a.xlsx", "--iterations", "9", "--check")

    assert repack(b"0.01418137793789166")[0] == 0
    assert repack(b"0.01418137793799999")[0] == 1


def test_check_sees_what_is_not_a_cell(capsys):
    run(capsys, "build", "a.xlsx", "--iterations", "9")
    with zipfile.ZipFile("a.xlsx") as source:
        parts = {name: source.read(name) for name in source.namelist()}
    chart = parts["xl/charts/chart2.xml"].replace(b"$X$36", b"$X$35")
    with zipfile.ZipFile("a.xlsx", "w") as target:
        for name, content in (parts | {"xl/charts/chart2.xml": chart}).items():
            target.writestr(name, content)
    code, out, _ = run(capsys, "build", "a.xlsx", "--iterations", "9", "--check")
    assert code == 1 and "xl/charts/chart2.xml" in out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--lr", "0.1,x"], "--lr has 'x'; give numbers with commas, such as --lr 0.1,0.2."),
        (["--lr", ""], "--lr has nothing between two commas"),
        (["--lr", "0"], "--lr has 0; a learning rate is above 0."),
        (["--lr", "nan"], "--lr has nan; give finite numbers."),
        (["--lr", "0.1,0.10"], "The learning rate 0.1 is given twice; each has a sheet of its own."),
        (["--iterations", "0"], "--iterations is 0; it must be at least 1."),
        (["--iterations", "2000000"], "--iterations 2,000,000 is more than Excel has rows: a sheet of this network has room for 1,048,549."),
        (["--iterations", "x"], "argument --iterations: invalid int value: 'x'"),
        (["--layers", "2,2"], "--layers is '2,2'; give the units of each layer, such as 2-2-2 or 4-5-3-2."),
        (["--layers", "2-0-2"], "The sizes 2-0-2 hold a layer of 0 units"),
        (["--layers", "3-2-2", "--inputs", "1,2"], "--inputs has 2 numbers; 3-2-2 needs 3."),
        (["--inputs", "1,2,3", "--weights", "1,2,3,4"], "--weights has 4 numbers; 3 inputs and 2 outputs need a multiple of 5."),
        (["--weights", "1"], "--weights has 1 numbers; 2 inputs and 2 outputs need a multiple of 4."),
        (["--formulas", "magic"], "argument --formulas: invalid choice: 'magic'"),
        (["--inputs", "1e300,1e300", "--weights", "1e10,1,1,1,1,1,1,1"], "grow too large for a cell at iteration"),
        (["--layers", "1-9999-1"], "Excel has 16,384"),
        (["--layers", "1-1-400"], "that Excel allows; use fewer units."),
    ],
)  # fmt: skip
def test_a_mistake_gets_one_sentence_and_changes_nothing(capsys, arguments, sentence):
    with open("a.xlsx", "wb") as file:
        file.write(b"what was here before")
    try:
        code = main(["build", "a.xlsx", *arguments])
    except SystemExit as stop:
        code = stop.code
    out, err = capsys.readouterr()
    assert code == 2 and out == ""
    assert sentence in err and err.count("\n") == 1
    assert os.listdir() == ["a.xlsx"]
    with open("a.xlsx", "rb") as file:
        assert file.read() == b"what was here before"


def test_where_it_cannot_be_written(capsys, tmp_path):
    assert "the folder nowhere does not exist" in run(capsys, "build", "nowhere/a.xlsx")[2]
    os.mkdir("folder.xlsx")
    assert "folder.xlsx is a folder" in run(capsys, "build", "folder.xlsx")[2]
    assert "must end in .xlsx" in run(capsys, "build", "a.csv")[2]
    assert "can't be read" in run(capsys, "build", "none.xlsx", "--check")[2]
    with open("text.xlsx", "w") as file:
        file.write("not a workbook")
    code, _, err = run(capsys, "build", "text.xlsx", "--check")
    assert code == 2 and "can't be read as a workbook" in err


def test_a_full_disk_leaves_the_old_file(capsys):
    """A limit on the size of files stands for the full disk: the write fails half way."""
    resource = pytest.importorskip("resource", reason="Windows has no limit on the size of files")
    main(["build", "a.xlsx", "--iterations", "3"])
    with open("a.xlsx", "rb") as file:
        before = file.read()

    def limit():
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    command = [sys.executable, "-m", "workbook.cli", "build", "a.xlsx"]
    done = subprocess.run(command, preexec_fn=limit, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and done.stderr.startswith("gradsheet: a.xlsx was not written")
    assert done.stderr.count("\n") == 1
    with open("a.xlsx", "rb") as file:
        assert file.read() == before
    assert os.listdir() == ["a.xlsx"]


def test_demo_writes_the_workbook_and_says_what_next(capsys):
    code, out, _ = run(capsys, "demo", "--no-train")
    assert code == 0 and os.listdir() == ["gradsheet.xlsx"]
    assert "LR=2.0" in out and "0.00864403" in out and "open gradsheet.xlsx" in out


def test_demo_never_overwrites(capsys):
    with open("gradsheet.xlsx", "wb") as file:
        file.write(b"my own numbers")
    code, out, _ = run(capsys, "demo", "--no-train")
    assert code == 0 and "open gradsheet-2.xlsx" in out
    assert sorted(os.listdir()) == ["gradsheet-2.xlsx", "gradsheet.xlsx"]
    with open("gradsheet.xlsx", "rb") as file:
        assert file.read() == b"my own numbers"


def test_sizes_follow_from_the_lists(capsys):
    assert run(capsys, "build", "a.xlsx", "--inputs", "1,2,3", "--targets", "1", "--weights", "1,2,3,4,5,6,7,8")[0] == 0
    import openpyxl

    sheet = openpyxl.load_workbook("a.xlsx")["LR=0.1"]
    assert [c.value for c in sheet[27]][:5] == ["Iteration", "t1", "i1", "i2", "i3"]


def test_no_command_is_a_wish_for_help(capsys):
    code, out, err = run(capsys)
    assert code == 0 and err == "" and all(command in out for command in ("build", "train", "check", "demo"))
    assert run(capsys, "build", "--help")[0] == 0
    code, out, err = run(capsys, "bake")
    assert code == 2 and out == "" and "invalid choice: 'bake'" in err and err.count("\n") == 1


def test_the_version_is_pyprojects(capsys):
    with open(ROOT / "pyproject.toml", "rb") as file:
        version = tomllib.load(file)["project"]["version"]
    assert run(capsys, "--version") == (0, f"gradsheet {version}\n", "")


@pytest.mark.parametrize("inputs", ["-1e5,1", "-.5,1", "-1,-2", "-1E-3,1"])
def test_a_list_may_begin_with_a_minus(capsys, inputs):
    """argparse takes what begins with a minus for an option, except for -1 and -0.5 alone."""
    assert run(capsys, "build", "a.xlsx", "--iterations", "2", "--inputs", inputs)[0] == 0
    assert run(capsys, "build", "a.xlsx", "--iterations", "2", f"--inputs={inputs}", "--check")[0] == 0
    assert "learning rate is above 0" in run(capsys, "build", "b.xlsx", "--lr", "-1e5")[2]


def test_too_little_memory_gets_advice_that_fits(capsys, monkeypatch):
    def fail(*args, **options):
        raise MemoryError

    monkeypatch.setattr("workbook.build.compute", fail)
    code, _, err = run(capsys, "build", "a.xlsx")
    assert code == 2 and "too little memory" in err and "fewer iterations or learning rates" in err
    (Path("folder")).mkdir()
    Path("folder", "a.xlsx").touch()
    monkeypatch.setattr("workbook.check.cli._check_all", fail)
    code, _, err = run(capsys, "check", "folder")
    assert code == 2 and "too little memory" in err and "iterations" not in err and "close other programs" in err


@pytest.mark.parametrize(
    "option, value, said",
    [
        ("--network", "", "The network '' must begin with its sizes"),
        ("--layers", "", "--layers is ''"),
        ("--activation", "", "--activation has ''"),
        ("--activation", "tanh adam", "--activation has 'tanh adam'"),
        ("--decay", "", "--decay is ''"),
        ("--decay", "0,1", "--decay is '0,1'"),
        ("--decay", "nan", "--decay is 'nan'"),
        ("--decay", "0.1 adam", "--decay is '0.1 adam'"),
    ],
)
def test_an_option_of_the_network_says_one_thing(option, value, said, tmp_path, capsys):
    """An empty one isn't passed over, and none brings words that belong to another."""
    assert main(["build", str(tmp_path / "a.xlsx"), f"{option}={value}"]) == 2
    assert said in capsys.readouterr().err and not list(tmp_path.iterdir())


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_help_and_version_load_nothing_heavy(argument):
    """They answer within some 50 ms beyond the interpreter's start: numpy alone takes longer."""
    code = (
        f"import sys; sys.argv = ['gradsheet', '{argument}']; from workbook.__main__ import main; code = main(); "
        "print(code, *sorted({name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    last = done.stdout.splitlines()[-1].split()
    assert last[0] == "0"
    assert {"trainer", "workbook", "xlfuncs"} <= set(last[1:])
    assert not {"numpy", "openpyxl", "lxml", "rich", "torch", "xlwings", "pyopenvba", "formualizer"} & set(last[1:])


def test_every_command_in_the_help_can_be_called(capsys):
    code, overview, _ = run(capsys, "--help")
    assert code == 0
    for name, (_, line) in COMMANDS.items():
        assert f"    {name}" in overview and line.split()[0] in overview
        code, out, _ = run(capsys, name, "--help")
        assert code == 0 and out.startswith(f"usage: gradsheet {name} ")
