"""How commands end: closed and full outputs, folders that refuse, odd names, signals at any moment."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from trainer import endings
from workbook.cli import main
from xlfuncs.errors import DiskFullError, GradsheetError, TooLittleMemoryError

COMMAND = [sys.executable, "-m", "workbook"]
INTERRUPTIONS = int(os.environ.get("GRADSHEET_INTERRUPTIONS", "2"))  # a command; 40 and more with -m slow by hand
LINUX = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has neither these signals nor rights of this kind")
BUILD = ("build", "a.xlsx", "--iterations", "3")


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRADSHEET_HOME", str(tmp_path / "home"))


def run(capsys, *arguments):
    code = main([str(argument) for argument in arguments])
    return code, *capsys.readouterr()


@pytest.mark.parametrize(
    ("error", "code", "part"),
    [
        (GradsheetError("A sentence."), 2, "A sentence."),
        (TooLittleMemoryError("use less"), 2, "too little memory for this; use less."),
        (MemoryError(), 2, "close other programs"),
        (KeyboardInterrupt(), 130, "Stopped."),
        (endings.Terminated(15), 143, "Stopped."),
        (BrokenPipeError(), 141, ""),
        (SystemExit(2), 2, ""),
        (SystemExit(None), 0, ""),
        (SystemExit("A sentence."), 2, "A sentence."),
        (DiskFullError("The disk is full."), 2, "The disk is full."),
        (PermissionError(13, "Permission denied", "a"), 2, "a can't be used: this account has no right to it"),
        (OSError(36, "File name too long", b"a"), 2, "the name is too long"),
        (OSError(40, "Too many levels of symbolic links", "a"), 2, "in a circle"),
        (OSError(28, "No space left on device"), 2, "output can't be written: no space left"),
        (OSError(5, "Input/output error", "a"), 2, "a can't be used: input/output error."),
        (RuntimeError("Symlink loop from 'a'"), 2, "remove the link"),
        (ModuleNotFoundError("No module named 'torch'", name="torch"), 2, "needs the package torch"),
    ],
    ids=repr,
)
def test_what_goes_wrong_is_a_sentence_and_a_code(error, code, part):
    ending = endings.ending_of(error)
    assert ending.code == code and part in ending.sentence and bool(part) == bool(ending.sentence)


def test_gradsheets_own_fault_shows_where_and_is_no_verdict(capsys):
    def fail():
        raise ZeroDivisionError("of ours")

    assert endings.concluded(fail) == 70
    err = capsys.readouterr().err
    assert "Traceback" in err and "ZeroDivisionError: of ours" in err and "please report it" in err
    assert endings.ending_of(ModuleNotFoundError("x", name="workbook.gone")) is None


# What a reader that ends early, a full disk and a closed stream make of every command's output.
SPEAKING = [("--help",), ("--version",), ("build", "--help"), BUILD, ("check", "a.xlsx"), ("check", "a.xlsx", "--json")]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    path = tmp_path_factory.mktemp("built") / "a.xlsx"
    assert main(["build", str(path), *BUILD[2:]]) == 0
    return path


@pytest.fixture
def book(built):
    shutil.copy(built, "a.xlsx")


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("arguments", [SPEAKING[0], SPEAKING[5]], ids=" ".join)
@POSIX
def test_a_reader_that_is_gone_ends_it_quietly(book, arguments, unbuffered):
    reader, writer = os.pipe()
    os.close(reader)
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    done = subprocess.run([*COMMAND, *arguments], stdout=writer, stderr=subprocess.PIPE, env=environment, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("arguments", [SPEAKING[1], SPEAKING[4]], ids=" ".join)
def test_a_full_output_is_one_sentence(book, arguments, unbuffered):
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*COMMAND, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, env=environment, check=False
        )
        assert done.returncode == 2
        assert done.stderr.startswith("gradsheet: The output can't be written: no space left on device")
        assert done.stderr.count("\n") == 1
        # And where the sentence can't be written either, the code still stands.
        assert subprocess.run([*COMMAND, *arguments], stdout=full, stderr=full, check=False).returncode == 2


@POSIX
def test_closed_streams_are_no_mistake(book):
    code = subprocess.run(
        f"{sys.executable} -m workbook check a.xlsx --json >&- 2>&-", shell=True, check=False
    ).returncode
    assert code == main(["check", "a.xlsx"])


REFUSED = [
    ("check", "refusing"),
    ("check", "refusing/a.xlsx"),
    ("build", "b.xlsx", "--run", "refusing"),
    ("build", "refusing/b.xlsx"),
    ("build", "refusing/a.xlsx", "--check"),
    ("train", "--resume", "refusing"),
    ("train", "--dataset", "digits", "--epochs", "1", "--run-dir", "refusing"),
    ("train", "--dataset", "digits", "--epochs", "1", "--run-dir", "refusing/run"),
    ("train", "--data-dir", "refusing"),
    ("train", "--data-dir", "refusing/data"),
    ("check", "a.xlsx", "--csv", "refusing/a.csv"),
    ("check", "."),
    ("demo", "--no-train"),
]
# Root passes by every permission through two capabilities: CAP_DAC_OVERRIDE (1) and CAP_DAC_READ_SEARCH (2). Out of
# the bounding set (PR_CAPBSET_DROP, 24) they are gone with the next exec, and root is as anybody.
DROP = "import ctypes, os; [ctypes.CDLL(None).prctl(24, c, 0, 0, 0) for c in (1, 2)]; "
IN_TURN = """
import contextlib, io, json, os, sys
from workbook.cli import main
answers = []
for arguments in json.loads(sys.argv[1]):
    if arguments[0] == "demo":
        os.chdir("closed")
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        code = main(arguments)
    answers.append((code, out.getvalue(), err.getvalue()))
print(json.dumps(answers))
"""


@LINUX
def test_a_folder_without_rights_is_one_sentence(book):
    for name, mode in (("refusing", 0o000), ("closed", 0o500)):
        Path(name).mkdir()
        (Path(name) / "a.xlsx").touch()
        Path(name).chmod(mode)
    start = f"{DROP if os.geteuid() == 0 else 'import os; '}os.execv({sys.executable!r}, [{sys.executable!r}, '-c', *os.sys.argv[1:]])"
    done = subprocess.run(
        [sys.executable, "-c", start, IN_TURN, json.dumps(REFUSED)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for arguments, (code, out, err) in zip(REFUSED, json.loads(done.stdout), strict=True):
        said = f"{' '.join(arguments)}: {code} {out}{err}"
        if arguments == ("check", "."):  # what can be read is checked
            assert code in (0, 1, 2) and "Traceback" not in err, said
            continue
        assert code == 2 and is_told(arguments, out, err), said
        assert "does not exist" not in err and "no run folder" not in err, said


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "LONG"),
        ("check", "LONG/a.xlsx"),
        ("check", "a.xlsx", "--csv", "LONG.csv"),
        ("check", "a.xlsx", "--annotate", "LONG.xlsx"),
        ("build", "LONG.xlsx"),
        ("build", "LONG/a.xlsx"),
        ("build", "LONG.xlsx", "--check"),
        ("build", "b.xlsx", "--run", "LONG"),
        ("train", "--dataset", "digits", "--run-dir", "LONG"),
        ("train", "--resume", "LONG"),
        ("train", "--data-dir", "LONG"),
        ("train", "--workbook", "LONG.xlsx", "--dataset", "digits"),
        ("build", "circle/a.xlsx"),
        ("build", "circle.xlsx"),
        ("build", "circle.xlsx", "--check"),
        ("build", "b.xlsx", "--run", "circle"),
        ("check", "circle.xlsx"),
        ("check", "a.xlsx", "--csv", "circle/a.csv"),
        ("train", "--resume", "circle"),
        ("train", "--dataset", "digits", "--run-dir", "circle"),
        ("train", "--data-dir", "circle"),
    ],
    ids=" ".join,
)
@POSIX
def test_a_name_too_long_and_links_in_a_circle(capsys, book, arguments):
    for name in ("circle", "circle.xlsx"):
        os.symlink(name, name)
    before = sorted(os.listdir())
    capsys.readouterr()
    code, out, err = run(capsys, *(argument.replace("LONG", "n" * 300) for argument in arguments))
    assert code == 2 and is_told(arguments, out, err), out + err
    assert [name for name in sorted(os.listdir()) if name != "home"] == before


def is_told(arguments, out: str, err: str) -> bool:
    """Whether one sentence was said: on stderr, or by check in the report of a file or folder that can't be read."""
    if arguments[0] == "check" and not err:
        return out.splitlines()[-1:] != [] and "unreadable" in out and "can't be read:" in " ".join(out.split())
    return err.startswith("gradsheet: ") and err.count("\n") == 1


def caught(process) -> bool:
    """Whether the process has SIGTERM in hand, which Python alone leaves as it is: then gradsheet's code runs."""
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
    except FileNotFoundError:
        return False
    mask = next(line for line in status.splitlines() if line.startswith("SigCgt")).split()[1]
    return bool(int(mask, 16) >> (signal.SIGTERM - 1) & 1)


def interrupted_at(seconds, number, arguments):
    """The exit code and stderr of a command that gets a signal some seconds after it has signals in hand."""
    process = subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    while not caught(process) and process.poll() is None:
        time.sleep(0.001)
    time.sleep(seconds)
    process.send_signal(number)
    _, err = process.communicate(timeout=120)
    return process.returncode, err


@LINUX
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
@pytest.mark.parametrize(
    ("arguments", "whole"),
    [
        (("build", "b.xlsx"), 1.0),
        (("check", "a.xlsx", "--json"), 0.7),
        (("train", "--dataset", "digits", "--dry-run"), 5.0),
    ],
    ids=["build", "check", "train"],
)
def test_a_signal_at_any_moment_is_no_traceback(book, arguments, whole, number):
    count = INTERRUPTIONS if arguments[0] != "train" else max(1, INTERRUPTIONS // 4)
    moments = random.Random()
    ends = set()
    for _ in range(count):
        seconds = moments.uniform(0, whole)
        code, err = interrupted_at(seconds, number, arguments)
        ends.add(code)
        said = f"after {seconds:.4f} s: {code} {err}"
        # CPython ends by the signal itself where that came inside an exec of a text (a dataclass being made): to a shell
        # both are the same.
        assert code in (0, 128 + number, -number), said
        assert err in ("", "gradsheet: Stopped.\n"), said
        assert not [name for name in os.listdir() if name.startswith(".")], said


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize(
    "kills", [8, pytest.param(int(os.environ.get("GRADSHEET_KILLS", "200")), marks=pytest.mark.slow)]
)
def test_a_kill_leaves_the_old_file_or_the_new_one(tmp_path, kills):
    (tmp_path / "builds").mkdir()
    seed = str(random.randrange(2**31))
    program = Path(__file__).with_name("kill_builds.py")
    done = subprocess.run(
        [sys.executable, program, tmp_path / "builds", str(kills), seed], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"seed {seed}: {done.stderr}"
    assert json.loads(done.stdout)["kills"] >= kills
