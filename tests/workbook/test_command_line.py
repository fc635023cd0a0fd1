"""A hundred odd invocations: each ends with 0, 1, 2, and what is said is a sentence."""

import os
import random
import string

import pytest

from workbook.cli import main

HUGE = "9" * 400
LONG = "n" * 300
ODD = [
    # nothing, too much, misspelt
    "", "--", "-h", "--help", "--version", "--versio", "-x", "bake", "build", "check", "build --help", "train --help",
    "check --help", "demo --help", "build a.xlsx b.xlsx", "build --check", "build a.xlsx --check --formulas values",
    "demo x", "train x", "--version build", "build --version", "build a.xlsx --run", "train --resume",
    # numbers
    "build n.xlsx --lr", "build n.xlsx --lr ,", "build n.xlsx --lr 1,,2", "build n.xlsx --lr inf", "build n.xlsx --lr -inf",
    "build n.xlsx --lr -1", "build n.xlsx --lr=-0", "build n.xlsx --lr 1e400", f"build n.xlsx --lr {HUGE}",
    "build n.xlsx --lr 1e-400", "build n.xlsx --lr 0x10", "build n.xlsx --lr 1_0 --iterations 1", "build n.xlsx --lr ٣ --iterations 1",
    "build n.xlsx --iterations 0", "build n.xlsx --iterations -1", "build n.xlsx --iterations 1.5",
    "build n.xlsx --iterations 1e3", f"build n.xlsx --iterations {HUGE}", "build n.xlsx --iterations 1048576",
    "build n.xlsx --layers 0-0-0", "build n.xlsx --layers -1-2-2", "build n.xlsx --layers 2-2", "build n.xlsx --layers 2-2-2-2",
    "build n.xlsx --layers a-b-c", f"build n.xlsx --layers {HUGE}-1-1", "build n.xlsx --layers ²-2-2", "build n.xlsx --layers 2-2-99999",
    "build n.xlsx --layers --", "build n.xlsx --inputs", "build n.xlsx --inputs -", "build n.xlsx --inputs -1e5,1 --iterations 1",
    "build n.xlsx --inputs 1e308,1e308 --iterations 2", "build n.xlsx --inputs 1", "build n.xlsx --targets x",
    "build n.xlsx --weights 1,2,3", "build n.xlsx --weights nan,1,1,1,1,1,1,1", "build n.xlsx --inputs 1,2;3",
    # names
    "build", "build .", "build ..", "build /", "build .xlsx", "build a", "build a.XLSX --iterations 1", "build a.xls",
    "build a.xlsx/", "build a.xlsx/b.xlsx", "build no/a.xlsx", f"build {LONG}.xlsx", "build folder.xlsx", "build text.xlsx --check",
    "build /dev/null", "build /dev/null.xlsx", "build a.csv", "build a.xlsm --formulas native --iterations 1",
    "build a.xlsx --formulas udf", "build a.xlsx --formulas magic", "build \x1b[31m.csv", "build \udcff.csv", "build a\nb.csv",
    "check .", "check no.xlsx", "check *.nothing", "check [", "check text.xlsx", "check folder.xlsx", "check empty", f"check {LONG}",
    "check text.xlsx text.xlsx", "check text.xlsx --json", "check text.xlsx --csv text.xlsx", "check text.xlsx --csv no/a.csv",
    "check text.xlsx --csv folder.xlsx", "check text.xlsx --annotate text.xlsx", "check text.xlsx --fix a.xlsx", "check . --fix a.xlsx",
    "check text.xlsx --fix a.xlsx --annotate a.xlsx", "check text.xlsx --json --csv c.csv", "check /dev/null", "check \udcff.xlsx",
    # runs
    "build a.xlsx --run no", "build a.xlsx --run text.xlsx", "build a.xlsx --run folder.xlsx", "train --resume no",
    "train --resume text.xlsx", "train --resume . --lr 0.1", "train --epochs 0", "train --epochs x", f"train --epochs {HUGE}",
    "train --epochs 100000000000", "train --batch-size 0", "train --lr nan", "train --lr -1e5", "train --momentum 2", "train --dropout 1",
    "train --seed -1", f"train --seed {HUGE}", "train --target 0", "train --target 101", "train --recipe slow", "train --dataset iris",
    "train --device tpu", "train --data-dir no", "train --data-dir text.xlsx", "train --schedule linear", "train --momentum 0",
    "train --dataset digits --run-dir text.xlsx", "train --dataset digits --run-dir text.xlsx/run", "train --workbook a.csv",
    "demo --dataset iris",
]  # fmt: skip


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRADSHEET_HOME", str(tmp_path / "home"))
    (tmp_path / "text.xlsx").write_text("not a workbook")
    (tmp_path / "folder.xlsx").mkdir()
    (tmp_path / "empty").mkdir()


def ended(capsys, arguments):
    """Run a command; its exit code and what it said, after a look at how."""
    before = sorted(os.listdir())
    code = main(arguments)
    out, err = capsys.readouterr()
    said = f"{arguments}: {code}\n{out}{err}"
    assert code in (0, 1, 2), said
    assert "Traceback" not in out + err and "Error" not in err.replace("E_total", ""), said
    assert "\x1b" not in err, said
    if code == 2:
        # A file that can't be read has its verdict on stdout; everything else is one sentence on stderr.
        assert "unreadable" in out or (err.startswith("gradsheet") and err.count("\n") == 1 and len(err) < 1500), said
    if code == 2 and arguments[:1] != ["check"]:
        assert sorted(os.listdir()) == before, said
    return code, out, err


@pytest.mark.parametrize("line", ODD)
def test_an_odd_command_ends_with_a_sentence(capsys, monkeypatch, line):
    monkeypatch.setattr("torchvision.datasets.MNIST.mirrors", ["http://127.0.0.1:9/"])
    ended(capsys, [part for part in line.split(" ") if part])


WORDS = ["build", "check", "train", "demo", "a.xlsx", "text.xlsx", "no/b.xlsx", "--lr", "--iterations", "--layers",
         "--inputs", "--weights", "--check", "--formulas", "values", "--json", "--csv", "c.csv", "0.1", "-1", "2-2-2", "1,2",
         "--epochs", "--resume", ".", "--seed", "--dry-run", "--bogus", "--", "-", "=", "nan", "1e9", HUGE, "\x1b[2J", "ɳ"]  # fmt: skip


def test_words_thrown_together(capsys, monkeypatch):
    """Anything may be said to a command; training and long builds are left out, since nothing is wrong with them."""
    monkeypatch.setattr("trainer.cli.run", lambda args, on_epoch=None: 0)
    monkeypatch.setattr("workbook.commands.demo.run", lambda args: 0)
    chance = random.Random(1)
    for _ in range(int(os.environ.get("GRADSHEET_COMMANDS", "60"))):
        arguments = [chance.choice(WORDS) for _ in range(chance.randrange(1, 7))]
        if chance.random() < 0.3:
            arguments.append("".join(chance.choice(string.printable) for _ in range(chance.randrange(1, 12))))
        if "--iterations" not in arguments and "build" in arguments:
            arguments += ["--iterations", "2"]
        ended(capsys, arguments)
