"""What a person sees: every command on a terminal of 80 and of 60 columns, shown by a terminal emulator."""

import os
import shutil
import struct
import subprocess
import sys
from functools import cache

import pytest

from trainer.terminal import printable, wrapped
from workbook.cli import main

termios = pytest.importorskip("termios", reason="Windows has no pseudo-terminals of this kind")
pyte = pytest.importorskip("pyte")

COMMAND = [sys.executable, "-m", "workbook"]
LINES = 120


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a workbook, one that was changed, and a run that is done."""
    folder = tmp_path_factory.mktemp("terminal")
    assert main(["build", str(folder / "a.xlsx"), "--iterations", "3"]) == 0
    shutil.copy(folder / "a.xlsx", folder / "a workbook with a rather long name.xlsx")
    return folder


@cache
def piped(folder, arguments):
    """All that a command says to a program, once for all widths."""
    done = subprocess.run(
        [*COMMAND, *arguments], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.stdout


def on_a_terminal(folder, arguments, columns):
    """The screen at a command's end, as lines of at most so many columns."""
    import fcntl
    import pty

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, columns, 0, 0))
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": str(columns), "LINES": str(LINES)}
    process = subprocess.Popen(
        [*COMMAND, *arguments], cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    )
    os.close(theirs)
    screen = pyte.Screen(columns, LINES)
    stream = pyte.ByteStream(screen)
    while True:
        try:
            stream.feed(os.read(ours, 65536))
        except OSError:  # the other side is closed
            break
    process.wait(60)
    os.close(ours)
    return [line.rstrip() for line in screen.display]


def words(lines):
    return " ".join(lines).split()


TRAIN = ("train", "--dataset", "digits", "--device", "cpu", "--seed", "3")


@pytest.mark.parametrize("columns", [80, 60])
@pytest.mark.parametrize(
    "arguments",
    [
        ("build", "b.xlsx", "--iterations", "3"),
        ("build", "a.xlsx", "--check"),
        ("build", "nowhere/a workbook with a rather long name.xlsx"),
        ("build", "a.xlsx", "--lr", "0.1,x"),
        ("check", "a workbook with a rather long name.xlsx"),
        ("--version",),
    ],
    ids=" ".join,
)
def test_no_line_breaks_inside_a_word(folder, arguments, columns):
    said = piped(folder, arguments)
    seen = on_a_terminal(folder, arguments, columns)
    assert words(seen) == words(said.splitlines()) and said


def test_no_line_of_a_training_breaks_inside_a_word(folder):
    """Its bars come and go; what stays are the lines that a program reads."""
    runs = [folder / name for name in ("piped-run-folder", "shown-run-folder")]
    said = piped(folder, (*TRAIN, "--epochs", "1", "--run-dir", runs[0].name))
    assert max(map(len, said.splitlines())) > 80, "a program reads whole lines"
    seen = on_a_terminal(folder, [*TRAIN, "--epochs", "1", "--run-dir", runs[1].name], 80)
    assert words(seen) == words(said.replace(*[run.name for run in runs]).splitlines())
    again = ("train", "--resume", runs[1].name)
    said = piped(folder, again)
    assert words(on_a_terminal(folder, again, 60)) == words(said.splitlines())
    assert "nothing was left to do" in said


@pytest.mark.parametrize("arguments", [(), ("build", "--help"), ("train", "--help"), ("check", "--help")], ids=" ".join)
def test_help_fits(folder, arguments):
    lines = on_a_terminal(folder, arguments, 60)
    told = set(words(on_a_terminal(folder, arguments, 200)))
    told |= {
        part for word in told if "-" in word for part in (*word.split("-"), word.split("-")[0] + "-")
    }  # argparse's
    assert set(words(lines)) <= told, set(words(lines)) - told


def test_lines_break_between_words():
    text = "the sheets Training, Architecture, Mistakes and Digit pad show this-run of /a/path/that/is/far/too/long/for/it."
    lines = wrapped(text, 30).split("\n")
    assert " ".join(lines) == text and len(lines) > 3
    assert all(len(line) <= 30 or " " not in line for line in lines)
    assert wrapped("    an indent stays", 80) == "    an indent stays" and wrapped("", 80) == ""


def test_a_names_control_characters_are_shown_and_not_obeyed(tmp_path, capsys):
    assert printable("a\x1b[31mb\rc\u202e\nd ∂ɳ\u00a0é") == "a\ufffd[31mb\ufffdc\ufffd\nd ∂ɳ\u00a0é"
    assert main(["build", str(tmp_path / "a\x1b[31m\n.csv")]) == 2
    assert "\x1b" not in capsys.readouterr().err
