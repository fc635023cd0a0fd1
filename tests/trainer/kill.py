"""Kill trainings at random moments and resume them: run as a program of its own, `kill.py FOLDER COUNT SEED`.

Each training is a fork of this process, which has torch loaded but has calculated nothing, so that a start takes no
seconds. Prints one line of JSON; whatever is wrong is an AssertionError.
"""

import json
import os
import random
import shutil
import signal
import sys
import time
from dataclasses import asdict
from pathlib import Path

import torch

torch.set_num_threads(1)  # no threads before a fork

from trainer import train  # noqa: E402
from trainer.data import Data, load_digits  # noqa: E402
from trainer.log import TIMING_COLUMNS  # noqa: E402
from trainer.model import MnistCNN  # noqa: E402
from trainer.recipes import choose_recipe  # noqa: E402
from trainer.run import CONFIG, load_run  # noqa: E402
from trainer.step import make_optimizer  # noqa: E402

RECIPE = choose_recipe("published", epochs=4, step_epochs=2, learning_rate=0.05)


def few() -> Data:
    d = load_digits()
    return Data(d.label, d.train_images[:96], d.train_labels[:96], d.test_images[:50], d.test_labels[:50])


def work(folder: Path, data: Data) -> None:
    """Begin the run, or go on with it."""
    if (folder / CONFIG).exists():
        train.resume(folder, device="cpu")
        return
    config, _ = train.new_config(RECIPE, "digits", seed=5, device="cpu")
    config = type(config)(**{**vars(config), "train_images": 96, "test_images": 50})
    train.train_new(folder, config, data)


def forked(folder: Path, data: Data) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        work(folder, data)
        code = 0
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
    finally:
        os._exit(code)


def content(folder: Path) -> tuple:
    """All that a run is, but for what a clock says."""
    saved = {name: torch.load(folder / name, weights_only=True) for name in ("last.pt", "best.pt")}
    tensors = [tensor for part in saved.values() for tensor in part["model"].values()]
    tensors += [saved["last.pt"]["momentum"][key]["momentum_buffer"] for key in sorted(saved["last.pt"]["momentum"])]
    rows = [{k: v for k, v in asdict(row).items() if k not in TIMING_COLUMNS} for row in load_run(folder).rows]
    return [tensor.numpy().tobytes() for tensor in tensors], rows


def main(folder: Path, count: int, seed: int) -> None:
    chance, data = random.Random(seed), few()
    train.load = lambda *args, **options: data
    make_optimizer(MnistCNN(), RECIPE, 0.1)  # loads what torch loads late, once for all forks
    start = time.perf_counter()
    assert os.waitpid(forked(folder / "whole", data), 0)[1] == 0
    seconds = time.perf_counter() - start
    whole, kills, runs = content(folder / "whole"), 0, 0
    while kills < count:
        run, rows = folder / f"run{runs}", 0
        while True:
            pid = forked(run, data)
            time.sleep(chance.uniform(0, 0.8 * seconds))
            os.kill(pid, signal.SIGKILL)
            status = os.waitpid(pid, 0)[1]
            if not os.WIFSIGNALED(status):
                assert os.WEXITSTATUS(status) == 0, f"{run}: a resume failed"
                break
            kills += 1
            if (run / CONFIG).exists():
                now = [row.epoch for row in load_run(run).rows]
                assert now == list(range(1, len(now) + 1)) and len(now) >= rows, f"{run}: rows {now}, before {rows}"
                rows = len(now)
        assert content(run) == whole, f"{run} differs from the uninterrupted run"
        left = sorted(path.name for path in run.iterdir() if path.name.startswith(".") and path.name != ".lock")
        assert not left, f"{run}: {left}"
        shutil.rmtree(run)
        runs += 1
    print(json.dumps({"kills": kills, "runs": runs, "seconds_of_a_run": round(seconds, 3)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
