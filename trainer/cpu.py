"""An epoch on the CPU: images in memory, cheap dropout masks, bfloat16 and torch.compile where they pay."""

import logging
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from trainer.dropout import keep_masks
from trainer.model import MnistCNN
from trainer.recipes import Recipe
from trainer.step import loss_and_correct, preserved


class CpuTrainer:
    """Trains a model epoch by epoch; holds nothing that a checkpoint would need besides model and optimizer."""

    def __init__(
        self, model: MnistCNN, optimizer: torch.optim.SGD, recipe: Recipe, *, bfloat16: bool = False, compiled=False
    ):
        """Take the model over: its weights go to channels_last order."""
        self.model = model.to(memory_format=torch.channels_last)
        self.optimizer, self.recipe, self.bfloat16 = optimizer, recipe, bfloat16
        self.shapes = model.dropout_shapes()
        self.full_step = self._compiled_step() if compiled else loss_and_correct

    def _compiled_step(self) -> Callable:
        # Compiled here, on a blank batch, so that the time of an epoch is that of training.
        function = torch.compile(loss_and_correct, dynamic=False)
        logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)  # it warns of a missing CUDA toolkit
        size, p = self.recipe.batch_size, self.recipe.dropout
        images, labels = torch.zeros(size, 28, 28, dtype=torch.uint8), torch.zeros(size, dtype=torch.int64)
        kept = keep_masks(np.random.default_rng(0), size, self.shapes, p) if p else None
        self.model.train()
        with preserved(self.model, self.optimizer):
            function(self.model, images, labels, kept, self.bfloat16)[0].backward()
        return function

    def epoch(
        self, images: Tensor, labels: Tensor, rates: np.ndarray, rng: np.random.Generator, after_step: Callable
    ) -> tuple[float, int]:
        """Train on the images in this order; return the mean loss and the number right while training.

        images: uint8 (n, 28, 28), augmented. labels: int64 (n,). rates: the learning rate of each step. rng draws the
        dropout masks. after_step(k) is called after step k = 1, 2, ...; what it raises ends the epoch.
        """
        self.model.train()
        batches = zip(images.split(self.recipe.batch_size), labels.split(self.recipe.batch_size), strict=True)
        loss_sum, correct_sum = torch.zeros((), dtype=torch.float64), torch.zeros((), dtype=torch.int64)
        for step, (x, y) in enumerate(batches):
            for group in self.optimizer.param_groups:
                group["lr"] = float(rates[step])
            p = self.recipe.dropout
            kept = keep_masks(rng, len(x), self.shapes, p) if p else None
            # The smaller last batch would compile a second time for one step an epoch.
            function = self.full_step if len(x) == self.recipe.batch_size else loss_and_correct
            loss, correct = function(self.model, x, y, kept, self.bfloat16)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            loss_sum += loss.detach() * len(x)
            correct_sum += correct
            after_step(step + 1)
        return loss_sum.item() / len(images), int(correct_sum)
