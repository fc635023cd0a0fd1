"""The whole thing on the real MNIST; minutes on two cores."""

import pytest
import torch
from plain import evaluate, with_weights

from trainer.data import load_mnist
from trainer.predict import examine
from trainer.recipes import choose_recipe
from trainer.train import new_config, train_new


@pytest.mark.slow
def test_quick_reaches_98_5_percent_in_two_epochs(mnist_folder, tmp_path):
    config, data = new_config(choose_recipe("quick", epochs=2), "mnist", mnist_folder, seed=11, device="auto")
    run = train_new(tmp_path / "run", config, data)
    assert run.last.test_accuracy >= 98.5
    plain = with_weights(torch.load(tmp_path / "run" / "last.pt", weights_only=True)["model"])
    test = load_mnist(mnist_folder)
    loss, correct = evaluate(plain, test.test_images, test.test_labels)
    assert correct == run.last.test_correct and loss == pytest.approx(run.last.test_loss, rel=1e-4)
    assert len(examine(run).indices) == 10_000 - run.best.test_correct
