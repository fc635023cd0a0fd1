"""The house: which room may know which, what is loaded when, and that nothing is raised without its kind."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from xlfuncs import errors

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("xlfuncs", "trainer", "workbook")
HEAVY = ("formualizer", "pyopenvba", "rich", "torch", "torchvision", "torchviz", "xlwings")


def modules(room):
    return {path: ast.parse(path.read_text("utf-8")) for path in sorted((ROOT / room).rglob("*.py"))}


def test_imports_name_their_room():
    """But for what stands alone inside LibreOffice."""
    relative = {
        path.parent.relative_to(ROOT).as_posix()
        for room in ("workbook", "xlfuncs", "trainer")
        for path, tree in modules(room).items()
        if any(isinstance(node, ast.ImportFrom) and node.level for node in ast.walk(tree))
    }
    assert relative == {"workbook/calc/component"}


def imported(tree):
    """(whole name of what is imported, whether at the top, where importing the module does it) of each import.

    What stands under `if TYPE_CHECKING` is for readers and mypy only.
    """
    for_types = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    in_functions = {
        inner for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.Lambda) for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                continue  # see test_imports_name_their_room
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            names = [ast.literal_eval(arg) for arg in node.args[:1] if isinstance(arg, ast.Constant)]
        if node not in for_types:
            yield from ((name, node not in in_functions) for name in names)


def imports_of(room):
    return [
        (str(path.relative_to(ROOT)).replace("\\", "/"), name, top)
        for path, tree in modules(room).items()
        for name, top in imported(tree)
    ]


def belongs(name, *packages):
    return name.partition(".")[0] in packages


def test_the_scan_sees_every_way_of_importing():
    code = (
        "import torch, numpy as np\nfrom trainer import data\ndef f():\n    import xlwings.main\n"
        "import_module('trainer.run')\nif TYPE_CHECKING:\n    import openpyxl\n"
    )
    assert sorted(imported(ast.parse(code))) == [
        ("numpy", True), ("torch", True), ("trainer.data", True), ("trainer.run", True), ("xlwings.main", False),
    ]  # fmt: skip


def test_xlfuncs_knows_no_other_room_but_the_trainer_for_mnist_predict():
    foreign = [
        found
        for found in imports_of("xlfuncs")
        if belongs(found[1], "trainer", "workbook", "openpyxl", "torch", "lxml", "rich")
    ]
    assert foreign == [("xlfuncs/functions.py", "trainer.predict.predict", False)]


def test_xlwings_is_known_in_one_module_of_xlfuncs():
    assert {path for path, name, _ in imports_of("xlfuncs") if belongs(name, "xlwings")} == {"xlfuncs/excel.py"}


def test_the_trainer_knows_no_workbook():
    assert [found for found in imports_of("trainer") if belongs(found[1], "workbook", "openpyxl", "lxml")] == []


def test_of_xlfuncs_the_trainer_knows_the_exceptions_only():
    assert {name.rpartition(".")[0] for _, name, _ in imports_of("trainer") if belongs(name, "xlfuncs")} == {
        "xlfuncs.errors"
    }


def test_checking_and_writing_workbooks_needs_no_torch_at_the_top():
    loads_torch = {
        f"trainer.{path.stem}"
        for path, tree in modules("trainer").items()
        if any(top and belongs(name, "torch", "torchvision") for name, top in imported(tree))
    }
    assert {"trainer.model", "trainer.train", "trainer.data"} <= loads_torch
    assert [
        (path, name)
        for path, name, top in imports_of("workbook")
        if top and (belongs(name, "torch") or ".".join(name.split(".")[:2]) in loads_torch)
    ] == []


@pytest.mark.parametrize(
    ("command", "may_load"),
    [
        ("build a.xlsx --iterations 3", {"rich"}),
        ("check a.xlsx", {"rich"}),
        ("--help", set()),
        ("train --help", set()),
    ],
)
def test_a_command_loads_what_it_needs(tmp_path, command, may_load):
    code = (
        "import sys; from trainer.endings import process\n"
        "import workbook.cli as cli\n"
        f"sys.argv = ['gradsheet', *{command.split()!r}]\n"
        "code = process('workbook.cli')\n"
        f"print('loaded', code, *sorted({set(HEAVY)!r} & set(sys.modules)), file=sys.stderr)"
    )
    subprocess.run([sys.executable, "-m", "workbook", "build", "a.xlsx", "--iterations", "3"], cwd=tmp_path, check=True)
    if command.startswith("build"):
        (tmp_path / "a.xlsx").unlink()
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    last = done.stderr.splitlines()[-1].split()
    assert last[:2] == ["loaded", "0"], done.stderr
    assert set(last[2:]) <= may_load


def makes_the_bare_class(tree):
    return any(isinstance(node, ast.Call) and ast.unparse(node.func) == "GradsheetError" for node in ast.walk(tree))


def test_each_failure_has_a_class_of_its_kind():
    """GradsheetError is what callers catch; whoever raises says which kind it is."""
    bare = {path.relative_to(ROOT).as_posix() for room in ROOMS for path, tree in modules(room).items()
            if makes_the_bare_class(tree)}  # fmt: skip
    assert bare == set()


def test_each_kind_of_failure_is_raised():
    kinds = {name for name, value in vars(errors).items() if isinstance(value, type)} - {"GradsheetError"}
    made = {
        ast.unparse(node.func).removesuffix(".of")
        for room in ROOMS
        for tree in modules(room).values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    }
    assert kinds - made == set()


@pytest.mark.parametrize("room", ROOMS)
def test_the_packages_say_that_they_have_types(room):
    assert (ROOT / room / "py.typed").is_file()


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_the_documents_name_files_that_are_there(document):
    """A path in backticks, such as `xlfuncs/limits.py`."""
    text = (ROOT / document).read_text("utf-8")
    named = set(re.findall(r"`((?:workbook|xlfuncs|trainer|tests|\.ci|\.github)/[\w./-]*)`", text))
    assert len(named) > 5
    assert {path for path in named if not (ROOT / path).exists()} == set()
