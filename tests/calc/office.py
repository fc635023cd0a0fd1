"""A LibreOffice with gradsheet's extension in a profile of its own, as a user has it: nothing of the system changes."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from tests.conftest import ROOT, SYSTEM_PYTHON
from workbook.calc.component.child import _environment

DRIVER = Path(__file__).with_name("driver.py")
PATIENCE = 60  # seconds, on a loaded machine


def until(condition, seconds=PATIENCE):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


class Office:
    """One installation; `start` and `kill` as often as one likes."""

    def __init__(self, folder: Path):
        self.folder, self.home = folder, folder / "home"
        # LibreOffice takes these two from the environment.
        self.own = {
            "UserInstallation": (folder / "profile").as_uri(),
            "UNO_SHARED_PACKAGES_CACHE": (folder / "shared").as_uri(),
            "GRADSHEET_HOME": str(self.home),
        }
        self.process = self.driver = None
        self.starts = 0

    def gradsheet(self, *words: str) -> subprocess.CompletedProcess:
        """A command of gradsheet's, in this installation."""
        environment = {**os.environ, **self.own, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "workbook", *words]
        return subprocess.run(command, env=environment, cwd=self.folder, capture_output=True, text=True, check=False)

    def start(self, display: str | None = None, **more: str) -> None:
        self.starts += 1
        pipe = f"gradsheet-calc-{os.getpid()}-{self.folder.name}-{self.starts}"
        # A virtual environment in PATH, and LibreOffice's Python takes itself for that one.
        environment = {**_environment(None), **self.own, "PATH": "/usr/local/bin:/usr/bin:/bin", **more}
        environment.pop("VIRTUAL_ENV", None)
        environment |= {"DISPLAY": display, "SAL_USE_VCLPLUGIN": "gen"} if display else {}
        options = ["--norestore", "--nologo", f"--accept=pipe,name={pipe};urp;", *([] if display else ["--headless"])]
        self.process = subprocess.Popen(
            [shutil.which("soffice"), *options],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.driver = subprocess.Popen(
            [SYSTEM_PYTHON, str(DRIVER), pipe],
            env={**environment, "PATH": os.environ["PATH"]},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._answer() == "ready"

    def __getattr__(self, name):
        """A function of driver.py."""

        def ask(*arguments):
            self.driver.stdin.write(json.dumps({"do": name, "arguments": arguments}) + "\n")
            self.driver.stdin.flush()
            return self._answer()

        return ask

    def _answer(self):
        watch = threading.Timer(PATIENCE, self.driver.kill)  # what hangs fails, and the other tests go on
        watch.start()
        answer = json.loads(self.driver.stdout.readline() or '{"error": "LibreOffice is gone, or does not answer"}')
        watch.cancel()
        assert "error" not in answer, answer["error"]
        return answer["found"]

    def kill(self) -> None:
        """As kill -9, LibreOffice with the script that starts it."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(20)
        self.driver.kill()
        self.driver.wait(20)
        for lock in (self.folder / "profile").rglob(".lock"):
            lock.unlink()

    def stop(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        try:
            self.quit()
            self.process.wait(10)
        except (AssertionError, OSError, subprocess.TimeoutExpired):
            pass
        self.kill() if self.process.poll() is None else self.driver.kill()

    def bridges(self) -> list[int]:
        """The process ids of gradsheet's Pythons that this LibreOffice started."""
        found = subprocess.run(["pgrep", "-f", "workbook.calc.bridge"], capture_output=True, text=True, check=False)
        return [int(pid) for pid in found.stdout.split() if _home(pid) == str(self.home)]

    def workers(self) -> list[int]:
        """The process ids of the trainers that were started here."""
        found = subprocess.run(["pgrep", "-f", "workbook.live.worker"], capture_output=True, text=True, check=False)
        return [int(pid) for pid in found.stdout.split() if _home(pid) == str(self.home)]


def _home(pid: str) -> str:
    try:
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return ""
    return next((v.partition(b"=")[2].decode() for v in variables if v.startswith(b"GRADSHEET_HOME=")), "")
