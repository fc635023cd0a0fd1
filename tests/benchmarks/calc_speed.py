"""How long LibreOffice takes to recalculate cells with our functions, beside a stub that does nothing.

    python tests/benchmarks/calc_speed.py [n]

300 cells of BP_GRAD and one array formula of BP_TABLE (86 rows, 32 columns); the whole sheet is recalculated n times in
one LibreOffice, ours and the stub's in turn, after a first time that starts gradsheet's Python. The stub is the same
extension whose component answers at once, with a number or with a table of the same shape: what LibreOffice and its
Python cost alone. Medians and the best go into results/calc_speed.json.
"""

import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from tests.calc.office import Office  # noqa: E402
from xlfuncs.function_table import FUNCTIONS  # noqa: E402

RESULTS = Path(__file__).with_name("results") / "calc_speed.json"
TARGETS = {"BP_GRAD": 0.100, "BP_TABLE": 0.025}
NETWORK = "$A$1:$B$1;$C$1:$D$1;$A$2:$B$3;$C$2:$D$3"
STUB = """
def _stub(self, *arguments):
    return STUB_ROWS[len(arguments) == 7]

STUB_ROWS = (((0.5,),), tuple((0.5,) * 32 for _ in range(86)))
Functions.BP_GRAD = Functions.BP_TABLE = _stub
"""


def installed(folder: Path, stub: bool) -> Office:
    office = Office(folder)
    folder.mkdir()
    done = office.gradsheet("libreoffice", "install")
    assert done.returncode == 0, done.stderr
    if stub:
        (part,) = (folder / "shared").rglob("gradsheet_office/functions.py")
        part.write_text(part.read_text() + STUB)
    office.start()
    for key in TARGETS:
        office.open_book(key)
        office.enter(key, {"A1": 0.05, "B1": 0.1, "C1": 0.5, "D1": 0.5, "A2": 0.15, "B2": 0.2, "A3": 0.25, "B3": 0.3})
        office.enter(key, {"C2": 0.4, "D2": 0.45, "C3": 0.5, "D3": 0.55})
    cells = {f"F{k}": f'=BP_GRAD({NETWORK};"w{1 + k % 8}")' for k in range(1, 301)}
    office.enter("BP_GRAD", cells)
    office.enter("BP_TABLE", {"F1:AK86": f"{{=BP_TABLE({NETWORK};0.1;85;TRUE)}}"})
    return office


def check(office: Office) -> None:
    """The cells hold what they should: nothing else is worth timing."""
    network = [[0.05, 0.1]], [[0.5, 0.5]], [[0.15, 0.2], [0.25, 0.3]], [[0.4, 0.45], [0.5, 0.55]]
    gradients = FUNCTIONS["BP_GRAD"].python(*network)[0]
    assert [row[0] for row in office.cells("BP_GRAD", "F1:F300")] == [gradients[k % 8] for k in range(1, 301)]
    assert office.cells("BP_TABLE", "F1:AK86") == FUNCTIONS["BP_TABLE"].python(*network, 0.1)


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 21
    with tempfile.TemporaryDirectory() as folder:
        ours, stub = installed(Path(folder) / "ours", False), installed(Path(folder) / "stub", True)
        try:
            check(ours)
            seconds = {(name, key): [] for name in ("ours", "stub") for key in TARGETS}
            for _ in range(n):
                for name, office in (("ours", ours), ("stub", stub)):
                    for key in TARGETS:
                        seconds[name, key].append(office.calculate(key))
        finally:
            ours.stop()
            stub.stop()
    found = {"n": n, "hardware": _processor(), "cores": os.cpu_count(), "load": os.getloadavg()[0]}
    version = subprocess.run(["soffice", "--version"], capture_output=True, text=True, check=False).stdout
    found["versions"] = {"python": platform.python_version(), "libreoffice": version.split()[1]}
    for key, target in TARGETS.items():
        best = {name: min(seconds[name, key]) for name in ("ours", "stub")}
        middle = {name: statistics.median(seconds[name, key]) for name in ("ours", "stub")}
        found[key] = {
            "ours_ms": round(1000 * middle["ours"], 1),
            "stub_ms": round(1000 * middle["stub"], 1),
            "ratio": round(middle["ours"] / middle["stub"], 1),
            "ours_best_ms": round(1000 * best["ours"], 1),
            "stub_best_ms": round(1000 * best["stub"], 1),
            "target_ms": 1000 * target,
        }
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


def _processor() -> str:
    try:
        return re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())[1]
    except (OSError, TypeError):
        return platform.processor()


if __name__ == "__main__":
    main()
