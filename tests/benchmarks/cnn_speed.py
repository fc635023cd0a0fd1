"""How long LibreOffice takes with the CNN in cells -> results/cnn_speed.json and .md.

    python tests/benchmarks/cnn_speed.py [--runs 5]

Loading the file, following one drawn pixel and another digit with gradients off and on, and calculating all cells anew;
beside it, on the same machine in the same run, a workbook that holds the same numbers without formulas. Random weights:
the speed doesn't depend on them.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.conftest import SYSTEM_PYTHON, running_libreoffice  # noqa: E402
from trainer.files import write_whole  # noqa: E402
from trainer.hardware import processor_name  # noqa: E402
from trainer.model import MnistCNN  # noqa: E402
from workbook.cnn import file  # noqa: E402
from workbook.cnn.plan import CHOICE, DIGIT, SWITCH, Block  # noqa: E402
from workbook.cnn.sheet import FORWARD, Shown  # noqa: E402
from workbook.parts.page import NATIVE, VALUES  # noqa: E402

RESULTS = Path(__file__).parent / "results"
SCRIPT = ROOT / "tests" / "lo_time.py"


def changes():
    """What is changed, by its title."""
    pixel = Block(*DIGIT, 28, 28).cell(14, 14)
    steps = {
        "gradients off": (SWITCH.cell(), "off"),
        "a digit, gradients off": (CHOICE.cell(), 3),
        "a pixel, gradients off": (pixel, 200),
        "gradients on": (SWITCH.cell(), "on"),
        "a digit, gradients on": (CHOICE.cell(), 5),
        "a pixel, gradients on": (pixel, 100),
    }
    return {title: {"sheet": FORWARD, "cell": cell, "value": value} for title, (cell, value) in steps.items()}


def main():
    """Measure, print, and write both results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    random = np.random.default_rng(1)
    images = random.integers(0, 256, (20, 28, 28)).astype(np.uint8)
    seconds, sizes = {}, {}
    with tempfile.TemporaryDirectory() as name, running_libreoffice(Path(name) / "profile") as program:
        for kind in (NATIVE, VALUES):
            start = time.perf_counter()
            file.save(
                Path(name) / f"{kind}.xlsx", Shown(file.trained_of(MnistCNN().eval()), images, np.arange(20) % 10), kind
            )
            seconds[f"{kind}: writing"] = [time.perf_counter() - start]
            sizes[kind] = (Path(name) / f"{kind}.xlsx").stat().st_size
        for _ in range(args.runs):
            for kind in (NATIVE, VALUES):
                request = {"path": str(Path(name) / f"{kind}.xlsx"), "changes": changes() if kind == NATIVE else {}}
                done = subprocess.run(
                    [SYSTEM_PYTHON, str(SCRIPT), program.pipe],
                    input=json.dumps(request),
                    capture_output=True,
                    text=True,
                    check=True,
                )
                for title, value in json.loads(done.stdout).items():
                    seconds.setdefault(f"{kind}: {title}", []).append(value)
    office = subprocess.run(["soffice", "--version"], capture_output=True, text=True, check=True).stdout.split()
    result = {
        "what": f"median seconds of n = {args.runs} runs, both files taking turns",
        "hardware": f"{processor_name()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end",
        "versions": {"LibreOffice": office[1], "python": platform.python_version(), "openpyxl": version("openpyxl")},
        "bytes": sizes,
        "seconds": {title: round(statistics.median(values), 3) for title, values in seconds.items()},
    }
    print(json.dumps(result, indent=1))
    lines = ["# The CNN in cells: seconds in LibreOffice", "", "| what | seconds |", "|---|---|"]
    lines += [f"| {title} | {value:.2f} |" for title, value in result["seconds"].items()]
    versions = ", ".join(f"{package} {number}" for package, number in result["versions"].items())
    lines += ["", f"{result['what'].capitalize()}. {result['hardware']}; {versions}. Bytes: {sizes}.", ""]
    for ending, content in ((".json", json.dumps(result, indent=1) + "\n"), (".md", "\n".join(lines))):
        with write_whole(RESULTS / f"cnn_speed{ending}") as out:
            out.write(content.encode())


if __name__ == "__main__":
    main()
