"""What has to work without xlwings, pyOpenVBA and torch, and what it says where one of them is needed."""

import os
import subprocess
import sys

import pytest

# An import of these fails as it does where they aren't installed, and says so even if somebody catches the error.
BLOCK = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names!r}:
            asked.append(name)
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

asked = []
sys.meta_path.insert(0, Blocked())
"""
HEAVY = ("xlwings", "pyopenvba", "torch", "torchvision", "sklearn")
RUN = "from workbook.cli import main; code = main({arguments!r}); print(*asked); sys.exit(code)"


def without(names, code, **options):
    code = BLOCK.format(names=names) + code
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, **options)


def command(*arguments, names=HEAVY, **options):
    return without(names, RUN.format(arguments=list(arguments)), **options)


@pytest.mark.parametrize(
    "code",
    [
        "import xlfuncs.maths",
        "import xlfuncs; assert xlfuncs.BP_SIGMOID(0.0) == [[0.5]]; from xlfuncs import NN_GRAD",
        "import xlfuncs.function_table as t; assert t.FUNCTIONS['BP_SIGMOID'].python(0.0) == [[0.5]]",
        "from workbook.live import buttons, follow",
        "import workbook.macros.wrappers as w; assert 'BP_GRAD' in w.module()",
    ],
)
def test_it_works_without(code):
    done = without(HEAVY, code + "\nassert set(asked) <= {'xlwings'}, asked")
    assert done.returncode == 0, done.stderr


def test_an_xlsx_is_built_and_checked_without(tmp_path):
    """Neither is one of them asked for: a slow import is a slow command."""
    path = str(tmp_path / "lesson.xlsx")
    for arguments in (("build", path, "--iterations", "5", "--lr", "0.5"), ("check", path)):
        done = command(*arguments)
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[-1] == ""


@pytest.mark.parametrize("missing", ["xlwings", "pyopenvba"])
def test_an_xlsm_says_what_to_install_and_writes_nothing(tmp_path, missing):
    path = tmp_path / "lesson.xlsm"
    path.write_bytes(b"before")
    done = command("build", str(path), "--force", names=(missing,))
    assert done.returncode == 2
    sentence = f"gradsheet: gradsheet needs the package {missing}; run python -m pip install"
    assert done.stderr.startswith(sentence) and len(done.stderr.splitlines()) == 1
    assert path.read_bytes() == b"before" and list(tmp_path.iterdir()) == [path]


def test_a_training_into_an_xlsm_says_so_before_it_begins(tmp_path):
    home = {**os.environ, "GRADSHEET_HOME": str(tmp_path / "home")}
    wanted = ["train", "--dataset", "digits", "--dry-run", "--workbook", str(tmp_path / "lesson.xlsm")]
    done = command(*wanted, names=("xlwings",), env=home)
    assert done.returncode == 2 and "needs the package xlwings" in done.stderr
    assert "Recipe" not in done.stdout and not (tmp_path / "lesson.xlsm").exists()
