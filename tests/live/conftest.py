"""Shared by the live writer's tests."""

import pytest

from . import runs


@pytest.fixture
def run(tmp_path):
    return runs.make(tmp_path / "run")
