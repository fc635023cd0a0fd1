import shutil

import pytest

from trainer.graph import autograd_graph
from trainer.model import MnistCNN
from xlfuncs.errors import GradsheetError

pytest.importorskip("torchviz")


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_the_graph_names_every_parameter():
    drawn = autograd_graph("svg").decode()
    assert all(name in drawn for name, _ in MnistCNN().named_parameters())
    assert autograd_graph().startswith(b"\x89PNG")


def test_without_graphviz_it_says_what_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(GradsheetError, match="Graphviz"):
        autograd_graph()
