"""Kill builds at random moments: run as a program of its own, `kill_builds.py FOLDER COUNT SEED`.

Each build is a fork of this process, which has everything loaded. After every kill the file is the old one or the new
one, whole; after a build that was left alone nothing else lies beside it. Prints one line of JSON.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[2])  # the repository's own packages

from workbook.cli import main as gradsheet  # noqa: E402

SIZES = ("2", "40")  # iterations of the two files that take turns


def forked(path: Path, iterations: str) -> int:
    pid = os.fork()
    if pid:
        return pid
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os._exit(gradsheet(["build", str(path), "--iterations", iterations]))


def main(folder: Path, count: int, seed: int) -> None:
    chance, path, kills, seconds = random.Random(seed), folder / "a.xlsx", 0, 0.0
    whole = {}
    for iterations in SIZES:
        start = time.perf_counter()
        assert os.waitpid(forked(path, iterations), 0)[1] == 0
        seconds = max(seconds, time.perf_counter() - start)
        whole[iterations] = path.read_bytes()
    turn = 0
    while kills < count:
        turn += 1
        iterations, before = SIZES[turn % 2], path.read_bytes()
        while True:
            pid = forked(path, iterations)
            time.sleep(chance.uniform(0, 1.2 * seconds))
            os.kill(pid, signal.SIGKILL)
            status = os.waitpid(pid, 0)[1]
            now = path.read_bytes()
            assert now in (before, whole[iterations]), f"kill {kills}: a file that is neither the old nor the new one"
            if not os.WIFSIGNALED(status):
                assert os.WEXITSTATUS(status) == 0
                break
            kills += 1
        assert path.read_bytes() == whole[iterations]
        assert os.listdir(folder) == ["a.xlsx"], os.listdir(folder)
    print(json.dumps({"kills": kills, "builds": turn, "seconds_of_a_build": round(seconds, 3)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
