"""The names that somebody else's file holds. This is the one place that lists them: they are kept, or kept working.

A workbook with macros is built once and lives for years; its VBA calls Python by these names. So do shells and scripts.
A name is added here when a built file begins to call it, and never taken away.
"""

import ast
import importlib
import inspect
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import xlfuncs
from workbook import __main__ as entry
from workbook import cli
from workbook.macros import project, wrappers

ROOT = Path(__file__).resolve().parents[1]

BUTTONS = ("run", "stop", "resume", "open_folder", "opened")
"""Of `workbook.live.buttons`; called without arguments."""

FUNCTIONS = {
    "BP_SIGMOID": "x",
    "BP_FORWARD": "inputs weights_hidden weights_output",
    "BP_ERROR": "targets outputs",
    "BP_GRAD": "inputs targets weights_hidden weights_output weight",
    "BP_UPDATE": "weights gradients learning_rate",
    "BP_TABLE": "inputs targets weights_hidden weights_output learning_rate iterations header",
    "BP_SWEEP": "inputs targets weights_hidden weights_output learning_rates iterations",
    "BP_GRADCHECK": "inputs targets weights_hidden weights_output",
    "BP_CHECK": "table learning_rate",
    "MNIST_PREDICT": "pixels",
    "BP_EXPLAIN": "inputs targets weights_hidden weights_output weight",
    "NN_FORWARD": "inputs weights network",
    "NN_LOSS": "inputs targets weights network",
    "NN_GRAD": "inputs targets weights network weight",
    "NN_UPDATE": "inputs targets weights network learning_rate iterations",
    "NN_TABLE": "inputs targets weights network learning_rate iterations header",
    "NN_GRADCHECK": "inputs targets weights network",
    "NN_EXPLAIN": "inputs targets weights network weight",
}
"""Of `xlfuncs`, with their arguments in the order in which a built workbook gives them."""

PROCESSES = ("workbook.live.excel", "workbook.live.worker")
"""Started as `python -m NAME`: what follows a run for an open workbook, and what trains."""

COMMANDS = ("build", "train", "check", "demo")
"""Of `gradsheet`, which is also `python -m workbook`."""


@pytest.mark.parametrize("name", BUTTONS)
def test_a_button_is_there(name):
    button = getattr(importlib.import_module("workbook.live.buttons"), name)
    inspect.signature(button).bind()  # the macros give nothing


def test_macros_call_no_other_button():
    text = project.buttons_module()
    assert "from workbook.live import buttons; buttons." in text
    assert set(re.findall(r'(?:CallPython|PressButton) "(\w+)"', text)) == set(BUTTONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_takes_the_arguments_it_always_took(name):
    parameters = list(inspect.signature(getattr(xlfuncs, name)).parameters)
    known = FUNCTIONS[name].split()
    assert parameters[: len(known)] == known
    assert name in xlfuncs.__all__ and name in dir(xlfuncs)


def test_no_function_is_missing_here():
    assert sorted(FUNCTIONS) == sorted(xlfuncs.__all__)


def test_wrappers_call_no_other_module():
    text = wrappers.module()
    called = re.findall(r'Py\.CallUDF\(\s*"([\w.]+)", "(\w+)"', text)
    assert {module for module, _ in called} == {"xlfuncs"}
    assert {name for _, name in called} == set(FUNCTIONS)


@pytest.mark.parametrize("module", PROCESSES)
def test_a_process_can_be_started(module):
    done = subprocess.run([sys.executable, "-P", "-m", module, "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "usage" in done.stdout


def test_no_other_process_is_started():
    started = [
        node.args[0].value
        for path in sorted((ROOT / "workbook").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("detached")
    ]
    assert sorted(started) == sorted(PROCESSES)


def test_the_command_is_there():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]
    assert scripts == {"gradsheet": "workbook.__main__:main"}
    assert callable(entry.main) and set(COMMANDS) <= set(cli.COMMANDS)
