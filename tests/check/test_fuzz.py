"""Thousands of workbooks changed at random: each is checked and copied, or refused in one sentence, within its limits.

    pytest -m slow tests/check/test_fuzz.py            10,000 of them; GRADSHEET_FUZZ sets another number

A file is a real sheet or a generated one, in which bytes, XML elements and attributes, formulas or the package itself
were changed. A file that fails is kept in the folder of the environment variable GRADSHEET_FUZZ_KEEP.
"""

import io
import os
import random
import re
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from lxml import etree

from tests.check.mutate import mutated
from tests.check.packages import SHEET, names_of, part_of, repacked
from workbook.check.checker import UNEXPECTED
from workbook.check.worker import Job
from workbook.check.workers import Workers

ROOM = 500 * 2**20  # bytes of memory that the process of any of them may have had
REAL_SHARE = 0.05  # they are ten times as large as the generated ones
BYTES = (
    b"<",
    b">",
    b'"',
    b"</f>",
    b"<f>",
    b"<c r='A1'>",
    b"$",
    b"-",
    b"99999999",
    b"(",
    b")",
    b"^",
    b"&",
    b"\xff",
    b"]]>",
)
WORDS = (
    "",
    "0",
    "-1",
    "1",
    "99999999999",
    "1e999",
    "NaN",
    "A0",
    "A1:XFD1048576",
    "shared",
    "array",
    "e",
    "b",
    "s",
    "n",
)
WORDS += (
    "d",
    "str",
    "inlineStr",
    "²",
    "x" * 5000,
    "rId1",
    "rId99",
    "../../x",
    "/xl/workbook.xml",
    "External",
    "'",
    "\u202e",
)
FORMULAS = (
    "#REF!",
    "LET(x,1,x)",
    "SUM(A:A)",
    "A1:XFD1048576",
    "INDIRECT(A1)",
    "'a''b'!A1",
    "{1,2;3}",
    "-2^2",
    "50%",
    "1E999",
)
FORMULAS += (
    "TRANSPOSE(A1:B2)",
    "IF(A1>0,1)",
    "Table1[[#This Row],[w1]]",
    "@A1",
    "A1#",
    "LAMBDA(x,x)(1)",
    '"text"',
    "1/0",
)
PIECES = (
    "+",
    "-",
    "*",
    "/",
    "^",
    "(",
    ")",
    ",",
    ":",
    "!",
    "$",
    "%",
    "&",
    '"',
    "'",
    "=",
    "<",
    ">",
    "{",
    "}",
    "[",
    "]",
    "@",
    "#",
)


def changed_bytes(pick, part):
    part = bytearray(part)
    for _ in range(pick.randint(1, 4)):
        at = pick.randint(0, len(part))
        part[at : at + pick.choice((0, 0, 1, 1, 3, 40))] = pick.choice((*BYTES, pick.randbytes(pick.randint(0, 8))))
    return bytes(part)


def changed_tree(pick, part):
    """Elements removed, doubled, moved, renamed; attributes removed and changed; texts exchanged."""
    try:
        root = etree.fromstring(part)
    except etree.XMLSyntaxError:
        return changed_bytes(pick, part)
    for _ in range(pick.randint(1, 5)):
        elements = [e for e in root.iter() if isinstance(e.tag, str) and e is not root]
        if not elements:
            break
        one, other = pick.choice(elements), pick.choice(elements)
        match pick.randrange(7):
            case 0:
                one.getparent().remove(one)
            case 1:
                one.addnext(etree.fromstring(etree.tostring(one, with_tail=False)))
            case 2 if one not in other.iterancestors() and one is not other:
                other.append(one)
            case 3:
                one.tag = other.tag
            case 4 if one.attrib:
                one.set(pick.choice(list(one.attrib)), pick.choice(WORDS))
            case 5 if one.attrib:
                del one.attrib[pick.choice(list(one.attrib))]
            case _:
                one.text = pick.choice((*WORDS, other.text or ""))
    return etree.tostring(root)


def changed_formulas(pick, part):
    """Signs put into and taken out of formulas, references sent far, whole formulas replaced."""
    found = list(re.finditer(rb"<f>([^<]+)</f>", part))
    for match in sorted(pick.sample(found, min(len(found), pick.randint(1, 6))), key=lambda m: -m.start()):
        text = match[1].decode()
        at = pick.randint(0, len(text))
        match pick.randrange(4):
            case 0:
                text = text[:at] + pick.choice(PIECES) + text[at + pick.choice((0, 1)) :]
            case 1:
                text = re.sub(r"\d+", lambda m: pick.choice((m[0], "0", "1048577", "7", m[0] * 3)), text, count=2)
            case 2:
                text = text[:at] + pick.choice(FORMULAS) + text[at:]
            case _:
                text = pick.choice(FORMULAS)
        text = text.replace("&", "&amp;").replace("<", "&lt;").replace("&amp;amp;", "&amp;").replace("&amp;lt;", "&lt;")
        part = part[: match.start(1)] + text.encode() + part[match.end(1) :]
    return part


def changed_package(pick, content):
    """Bytes of the zip archive itself; parts exchanged and left out."""
    names = names_of(content)
    one, other = pick.choice(names), pick.choice(names)
    match pick.randrange(3):
        case 0:
            return changed_bytes(pick, content)
        case 1:
            return repacked(content, **{one: None})
    return repacked(content, **{one: part_of(content, other)})


def changed(pick, content):
    """One mutant of a workbook."""
    if pick.random() < 0.1:
        return changed_package(pick, content)
    names = names_of(content)
    sheets = [name for name in names if "worksheets/sheet" in name]
    parts = {}
    for _ in range(pick.choice((1, 1, 2))):
        name = pick.choice(names if pick.random() < 0.4 or not sheets else sheets)
        change = pick.choice((changed_bytes, changed_tree, changed_formulas, changed_formulas))
        parts[name] = change(pick, parts.get(name) or part_of(content, name))
    return repacked(content, **parts)


def originals(pick, shared):
    """Real sheets where they are at hand, and wrong ones of every look."""
    real = sorted((shared / "sheets").glob("*.xlsx")) if shared is not None else []
    made = [mutated(f"fuzz {k}")[0].package() for k in range(40)]
    while True:
        yield pick.choice(real).read_bytes() if real and pick.random() < REAL_SHARE else pick.choice(made)


def fuzz(folder, count, seed, shared=None):
    """What became of so many mutants: verdicts counted, and the sentences of those that went wrong."""
    pick = random.Random(seed)
    source = originals(pick, shared)
    verdicts, failed = Counter(), []
    keep = os.environ.get("GRADSHEET_FUZZ_KEEP")
    with Workers(min(2, os.cpu_count() or 1)) as workers:
        for start in range(0, count, 50):
            jobs = []
            for k in range(start, min(start + 50, count)):
                path = folder / f"{k}.xlsx"
                path.write_bytes(changed(pick, next(source)))
                jobs.append(Job(path, (("annotate", folder / "a" / path.name), ("fix", folder / "f" / path.name))))
            for job, answer in zip(jobs, workers.answers(jobs), strict=True):
                verdicts[answer.report.verdict] += 1
                said = [text for text in (answer.report.error, answer.refused) if text]
                bad = [text for text in said if any(word in text for word in (*OURS, *OVER)) or "\n" in text]
                if answer.memory > ROOM:
                    bad.append(f"{answer.memory / 2**20:.0f} MB")
                if bad:
                    failed.append(f"{job.path.name}: {bad[0]}")
                    if keep:
                        Path(keep, f"{seed}-{job.path.name}").write_bytes(job.path.read_bytes())
                for path in (job.path, *(out for _, out in job.copies)):
                    path.unlink(missing_ok=True)
    return verdicts, failed


OURS = (UNEXPECTED, "a fault of gradsheet's own", "Traceback")
OVER = ("took more than", "needs more than", "ended the process")


@pytest.fixture
def folder(tmp_path):
    for name in "af":
        (tmp_path / name).mkdir()
    return tmp_path


def test_a_few_mutants(folder):
    verdicts, failed = fuzz(folder, int(os.environ.get("GRADSHEET_FUZZ", "40")), seed=1)
    assert failed == []
    assert verdicts["wrong"] > 0 and verdicts["unreadable"] > 0


@pytest.mark.slow
def test_ten_thousand_mutants(folder, shared):
    count = int(os.environ.get("GRADSHEET_FUZZ", "10000"))
    verdicts, failed = fuzz(folder, count, seed=int(os.environ.get("GRADSHEET_FUZZ_SEED", "2")), shared=shared)
    print(dict(verdicts))
    assert failed == [], f"{len(failed)} of {count}"


def test_the_mutants_differ():
    """Every kind of change changes something, and the same seed gives the same file."""
    content = mutated("fuzz 1")[0].package()
    for change in (changed_bytes, changed_tree, changed_formulas):
        found = {change(random.Random(seed), part_of(content, SHEET)) for seed in range(10)}
        assert len(found) > 5
    assert changed(random.Random(5), content) == changed(random.Random(5), content)
    assert zipfile.is_zipfile(io.BytesIO(content))
