"""The pipe to gradsheet's Python, without LibreOffice: deaths, silence, a missing Python; and what may stand in there."""

import ast
import sys
import time
from importlib.resources import files

import pytest

from workbook.calc.component import child as child_module
from workbook.calc.component.child import Child, NoAnswerError

ECHO = """
import json, os, sys
for line in sys.stdin:
    message = json.loads(line)
    {before}
    print(json.dumps({{"answer": message["id"], "said": message["say"]}}), flush=True)
"""


def child(code, on_message=lambda message: None, on_start=lambda: None):
    return Child([sys.executable, "-c", code], None, on_message, on_start)


def test_answers_and_messages():
    said = []
    asked = child(ECHO.format(before='print(json.dumps({"hello": 1}), flush=True); print("no json")'), said.append)
    assert [asked.ask({"say": k}, 30)["said"] for k in range(5)] == list(range(5))
    assert said == [{"hello": 1}] * 5


def test_a_child_that_dies_is_asked_once_more(tmp_path):
    (tmp_path / "alive").touch()
    once = f"message['say'] == 2 and os.path.exists({str(tmp_path / 'alive')!r}) and (os.remove({str(tmp_path / 'alive')!r}), os._exit(1))"
    starts = []
    asked = child(ECHO.format(before=once), on_start=lambda: starts.append(1))
    assert [asked.ask({"say": k}, 30)["said"] for k in range(4)] == [0, 1, 2, 3]
    assert len(starts) == 2


def test_one_that_always_dies_is_not_started_for_every_cell():
    starts = []
    asked = child("import sys; sys.exit(3)", on_start=lambda: starts.append(1))
    before = time.monotonic()
    for _ in range(200):
        with pytest.raises(NoAnswerError):
            asked.ask({"say": 1}, 30)
    assert len(starts) == 1 and time.monotonic() - before < 10


def test_one_that_always_dies_is_tried_again_later(monkeypatch):
    monkeypatch.setattr(child_module, "AGAIN_SECONDS", 0.0)
    starts = []
    asked = child("import sys; sys.exit(3)", on_start=lambda: starts.append(1))
    with pytest.raises(NoAnswerError, match="ended twice"):
        asked.ask({"say": 1}, 30)
    assert len(starts) == 2


def test_one_that_takes_too_long_is_ended_and_the_next_question_answered():
    asked = child(ECHO.format(before="message['say'] == 0 and __import__('time').sleep(60)"))
    asked.ask({"say": 1}, 30)
    before = time.monotonic()
    with pytest.raises(NoAnswerError, match=r"took longer than 0\.3 seconds"):
        asked.ask({"say": 0}, 0.3)
    assert time.monotonic() - before < 5
    assert asked.ask({"say": 7}, 30)["said"] == 7


def test_a_missing_python_is_said():
    asked = Child(["/nowhere/python"], None, print, lambda: None)
    with pytest.raises(NoAnswerError, match=r"can't be started.*: /nowhere/python"):
        asked.ask({"say": 1}, 1)


def test_libreoffices_own_python_variables_stay_behind(monkeypatch):
    monkeypatch.setenv("PYTHONHOME", "/opt/libreoffice/python")
    code = "import json, os\nfor _ in __import__('sys').stdin: print(json.dumps({'answer': 1, 'said': [os.environ.get(n) for n in ('PYTHONHOME', 'PYTHONPATH')]}), flush=True)"
    asked = Child([sys.executable, "-c", code], "/mine", print, lambda: None)
    assert asked.ask({}, 30)["said"] == [None, "/mine"]


def test_what_runs_in_libreoffice_needs_nothing_but_its_python():
    """Python 3.7's syntax; the standard library and uno only."""
    standard = sys.stdlib_module_names | {"uno", "unohelper", "com", "gradsheet_office"}
    parts = [part for part in files("workbook.calc.component").iterdir() if part.name.endswith(".py")]
    assert len(parts) > 5
    for part in parts:
        tree = ast.parse(part.read_text(encoding="utf-8"), feature_version=(3, 7))
        for node in ast.walk(tree):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            assert {name.partition(".")[0] for name in names} <= standard, part.name
