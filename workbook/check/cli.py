"""`gradsheet check`: files in, verdicts on the terminal, as JSON, CSV, or as an annotated or mended copy."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from trainer.terminal import broken, printable, say
from workbook.check.inputs import Input, inputs_of
from workbook.check.outputs import outputs_of, write_outputs
from workbook.check.report.grades import csv_of, first_fault
from workbook.check.report.lines import effect_text, table_text
from workbook.check.worker import Answer, Job
from workbook.check.workers import Workers, count_for
from xlfuncs.errors import OptionError, UnreadableError

if TYPE_CHECKING:
    from workbook.check.judge.findings import FileReport
    from workbook.existing.origin import Output

DETAILED = 3  # files up to which every finding is printed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `gradsheet check`."""
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="workbooks, folders of workbooks or patterns like *.xlsx"
    )
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    parser.add_argument("--csv", metavar="OUT.csv", type=Path, help="write file, verdict, faults, first fault as CSV")
    parser.add_argument(
        "--annotate",
        metavar="OUT.xlsx",
        type=Path,
        help="a copy with the wrong cells coloured and commented (one FILE)",
    )
    parser.add_argument("--fix", metavar="OUT.xlsx", type=Path, help="a copy with the formulas mended (one FILE)")
    parser.add_argument(
        "--force",
        action="store_true",
        help="replace an OUT that gradsheet check didn't write or that was changed; the old file is kept beside it",
    )


def run(args: argparse.Namespace) -> int:
    """Check the files; 0 all right, 1 something is wrong or not judged, 2 a file could not be read."""
    inputs = inputs_of(args.files)
    outputs = _outputs(args, [one.path for one in inputs])
    with TemporaryDirectory(prefix="gradsheet-") as folder:
        copies = {option: Path(folder, option, out.path.name) for option, out in outputs.items() if option != "csv"}
        answers = _check_all(inputs, copies, quiet=args.json or not sys.stderr.isatty())
        reports = [answer.report for answer in answers]
        refused = _refusal(answers, copies, outputs)
        if refused is None:
            contents = [(outputs[option], path.read_bytes()) for option, path in copies.items() if path.exists()]
            contents += [(outputs["csv"], csv_of(reports))] if "csv" in outputs else []
            write_outputs(contents)
    for option, sentence in answers[0].copied.items() if refused is None else ():
        say(_line(f"{outputs[option].path}: {sentence}"), sys.stderr)
    for output in outputs.values():
        if output.backup is not None:
            say(_line(f"The file that was there before is kept as {output.backup}."), sys.stderr)
    if args.json:
        print(_json(reports))
    else:
        _print(reports)
    if refused is not None:
        raise UnreadableError(_line(refused))
    return max(_shown(report.verdict).code for report in reports)


def _outputs(args: argparse.Namespace, paths: list[Path]) -> dict[str, Output]:
    """The files to be written by their options' names. Raises GradsheetError where one of them may not be."""
    named = {"csv": args.csv, "annotate": args.annotate, "fix": args.fix}
    wanted = {option: path for option, path in named.items() if path is not None}
    for option in ("annotate", "fix"):
        if option in wanted and len(paths) != 1:
            raise OptionError(f"--{option} makes a copy of one file; give one FILE, not {len(paths)}.")
    return outputs_of(wanted, paths, args.force)


def _check_all(inputs: list[Input], copies: dict[str, Path], quiet: bool) -> list[Answer]:
    """The answer on each input, in their order. What is imported here is imported while the processes start."""
    jobs = [Job(one.path, tuple(copies.items())) for one in inputs if one.error is None]
    for path in copies.values():
        path.parent.mkdir()
    with Workers(count_for(len(jobs))) as workers:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        from workbook.check.judge.findings import FileReport

        columns = (TextColumn("checking"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        console = Console(stderr=True)
        with Progress(*columns, console=console, transient=True, disable=quiet or len(jobs) < 2) as progress:
            answers = iter(list(progress.track(workers.answers(jobs), total=len(jobs))))
        return [
            Answer(FileReport(str(one.path), error=one.error), refused=one.error) if one.error else next(answers)
            for one in inputs
        ]


def _refusal(answers: list[Answer], copies: dict[str, Path], outputs: dict[str, Output]) -> str | None:
    """Why the copies of the one file could not be made, None where they could."""
    if not copies or answers[0].refused is None:
        return None
    sentence = answers[0].refused
    for option, path in copies.items():  # the sentence may name the copy where it was to be made first
        there = str(outputs[option].path).removesuffix(path.name)
        sentence = sentence.replace(f"{path.parent}{os.sep}", there)
    return f"{sentence} Nothing was written."


class _Shown(NamedTuple):
    """How a verdict is shown, and the exit code it asks for."""

    colour: str
    code: int


_VERDICTS = {
    "right": _Shown("green", 0),
    "wrong": _Shown("red", 1),
    "not judged": _Shown("yellow", 1),
    "unreadable": _Shown("magenta", 2),
}


def _shown(verdict: str) -> _Shown:
    return _VERDICTS.get(verdict, _Shown("yellow", 0))


def _line(text: str) -> str:
    """Text of files and their names as one line that a terminal shows and never obeys."""
    return printable(text).replace("\n", "\N{REPLACEMENT CHARACTER}")


def _print(reports: list[FileReport]) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    if len(reports) <= DETAILED:
        for report in reports:
            _print_report(console, report)
        return
    from rich.table import Column, Table
    from rich.text import Text

    names = [_line(name) for name in _apart([report.file for report in reports])]
    width = min(max(map(len, names)), console.width * 2 // 5)
    table = Table(Column("file", width=width, no_wrap=True), "verdict", "faults", "first fault", expand=True)
    for name, report in zip(names, reports, strict=True):
        verdict = Text(report.verdict, _shown(report.verdict).colour)
        table.add_row(Text(broken(name, width)), verdict, str(len(report.faults)), Text(_line(first_fault(report))))
    console.print(table)
    counts = {
        verdict: sum(r.verdict == verdict for r in reports) for verdict in dict.fromkeys(r.verdict for r in reports)
    }
    console.print(f"{len(reports)} files: " + ", ".join(f"{count} {verdict}" for verdict, count in counts.items()))


def _apart(files: list[str]) -> list[str]:
    """The files' names as far as they tell them apart: without the folders that all of them are in."""
    paths = [os.path.abspath(file) for file in files]
    try:
        shared = os.path.commonpath([os.path.dirname(path) for path in paths])
    except ValueError:  # on several drives
        return paths
    return [os.path.relpath(path, shared) for path in paths]


def _print_report(console, report: FileReport) -> None:
    from rich.text import Text

    console.print(Text(_line(f"{report.file}: {report.verdict}"), "bold"))
    if report.error is not None:
        console.print(Text(_line(f"  {report.error}")))
    elif not report.tables:
        console.print(
            Text("  No table of this exercise was found (a header row with w1, h1, a_h1, E_total, ∂E/∂w1, …).")
        )
    for table in report.tables:
        console.print(_indented(2, table_text(table)))
        for finding in table.findings:
            _print_finding(console, finding)
    for finding in report.charts:
        console.print(_indented(4, f"note: {finding.message}"))


def _print_finding(console, finding) -> None:
    count = f" ({finding.count} cells)" if finding.count > 1 else ""
    mark = "note: " if finding.note else ""
    console.print(_indented(4, f"{mark}{finding.range}{count}: {finding.message}"))
    if finding.parts and finding.parts[0].formula != "nothing":
        part = finding.parts[0]
        cell = part.range.partition(":")[0]
        console.print(_indented(8, f"{cell} has       {part.formula}"))
        if part.right is not None:
            console.print(_indented(8, f"{' ' * len(cell)} should be {part.right}"))
    effect = effect_text(finding)
    if effect:
        console.print(_indented(8, effect))


def _indented(by: int, text: str):
    """Text that keeps its indent where the terminal wraps it."""
    from rich.padding import Padding
    from rich.text import Text

    return Padding(Text(_line(text)), (0, 0, 0, by), expand=False)


# JSON may hold signs that a terminal obeys or that are no letters at all (of a file name that isn't UTF-8).
_ESCAPED = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def _json(reports: list[FileReport]) -> str:
    text = json.dumps([_finite(report.as_dict()) for report in reports], ensure_ascii=False, indent=1)
    return _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _finite(value):
    """JSON has no infinity."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    if (isinstance(value, float) and value in (float("inf"), float("-inf"))) or value != value:
        return None
    return value
