"""An epoch on CUDA: the whole step is one CUDA graph, replayed once a batch, with nothing read back until the end.

The graph finds its batch and its learning rate through a step counter that lives on the device. What it captures,
`GraphStep.run`, is ordinary PyTorch that runs on any device; so the tests hold it against the CPU path there. Capture
itself, and every number about it, has been seen on no GPU yet.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from trainer.model import MnistCNN
from trainer.recipes import Recipe
from trainer.step import loss_and_correct, preserved

WARM_UP_STEPS = 3  # lets cuDNN choose its algorithms and the optimizer make its buffers before the capture
REPORT_EVERY = 64  # replays between two calls of after_step: they are queued, not finished


class GraphStep:
    """The buffers a step reads and writes, and the step itself.

    The buffers keep their addresses for the life of the graphs; an epoch's data is copied into them.
    """

    def __init__(self, model: MnistCNN, optimizer: torch.optim.SGD, recipe: Recipe, count: int, device: torch.device):
        """Make buffers for an epoch of `count` images."""
        self.model, self.optimizer = model, optimizer
        self.batch = min(recipe.batch_size, count)
        self.full, self.rest = divmod(count, self.batch)
        steps = self.full + (self.rest > 0)
        self.images = torch.zeros(count, 28, 28, dtype=torch.uint8, device=device)
        self.labels = torch.zeros(count, dtype=torch.int64, device=device)
        self.rates = torch.zeros(steps, dtype=torch.float32, device=device)
        self.rate = torch.zeros((), dtype=torch.float32, device=device)
        self.counter = torch.zeros(1, dtype=torch.int64, device=device)
        self.offsets = torch.arange(self.batch, device=device)
        self.loss_sum = torch.zeros((), dtype=torch.float64, device=device)
        self.correct_sum = torch.zeros((), dtype=torch.int64, device=device)
        for group in optimizer.param_groups:
            group["lr"] = self.rate

    def load(self, images: Tensor, labels: Tensor, rates: np.ndarray) -> None:
        """Copy an epoch's data in and set the counters to zero."""
        self.images.copy_(images)
        self.labels.copy_(labels)
        self.rates.copy_(torch.from_numpy(rates.astype(np.float32)))
        for counter in (self.counter, self.loss_sum, self.correct_sum):
            counter.zero_()

    def run(self, size: int) -> None:
        """One step on the next `size` images: gather, forward, backward, SGD, sums, counter. No synchronisation."""
        index = self.counter * self.batch + self.offsets[:size]
        self.rate.copy_(self.rates.index_select(0, self.counter)[0])
        loss, correct = loss_and_correct(
            self.model, self.images.index_select(0, index), self.labels.index_select(0, index)
        )
        loss.backward()
        self.optimizer.step()
        self.loss_sum += loss.detach() * size
        self.correct_sum += correct
        self.counter += 1

    def run_fresh(self, size: int) -> None:
        """`run` outside a graph, where the gradients of the step before are still there."""
        self.optimizer.zero_grad(set_to_none=True)
        self.run(size)

    def totals(self) -> tuple[float, int]:
        """Mean loss and number right of the epoch so far; waits for the device."""
        return self.loss_sum.item() / len(self.images), int(self.correct_sum)


class CudaTrainer:
    """The same interface as CpuTrainer; dropout draws from the device's generator, seeded once an epoch."""

    def __init__(self, model: MnistCNN, optimizer: torch.optim.SGD, recipe: Recipe, count: int):
        """Capture the step for full batches, and for the last one where it is smaller."""
        device = next(model.parameters()).device
        self.model = model.to(memory_format=torch.channels_last).train()
        self.step = GraphStep(model, optimizer, recipe, count, device)
        self.norms = [layer for layer in model.modules() if isinstance(layer, nn.BatchNorm2d)]
        with uncounted(self.norms):
            with preserved(model, optimizer):
                self._warm_up(device)
            self.graph = self._capture(self.step.batch)
            self.rest_graph = self._capture(self.step.rest) if self.step.rest else None

    def _warm_up(self, device: torch.device) -> None:
        stream = torch.cuda.Stream(device)
        stream.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.stream(stream):
            for size in filter(None, (self.step.batch, self.step.rest)):
                for _ in range(WARM_UP_STEPS):
                    self.step.counter.zero_()
                    self.step.run_fresh(size)
        torch.cuda.current_stream(device).wait_stream(stream)

    def _capture(self, size: int) -> torch.cuda.CUDAGraph:
        graph = torch.cuda.CUDAGraph()
        # Without gradients at capture, backward writes into the graph's own memory instead of adding up.
        self.step.optimizer.zero_grad(set_to_none=True)
        with torch.cuda.graph(graph):
            self.step.run(size)
        return graph

    def epoch(
        self, images: Tensor, labels: Tensor, rates: np.ndarray, rng: np.random.Generator, after_step: Callable
    ) -> tuple[float, int]:
        """Train on the images in this order; see CpuTrainer.epoch."""
        torch.cuda.manual_seed(int(rng.integers(2**63)))
        self.model.train()
        self.step.load(images, labels, rates)
        for number in range(1, self.step.full + 1):
            self.graph.replay()
            if number % REPORT_EVERY == 0:
                after_step(number)
        if self.rest_graph is not None:
            self.rest_graph.replay()
        for norm in self.norms:
            if norm.num_batches_tracked is not None:
                norm.num_batches_tracked += len(rates)
        totals = self.step.totals()
        after_step(len(rates))
        return totals


@contextmanager
def uncounted(norms: list[nn.BatchNorm2d]) -> Iterator[None]:
    """Within the block BatchNorm doesn't count batches: with a momentum nobody reads that, and it costs a kernel."""
    counters = [norm.num_batches_tracked for norm in norms]
    for norm in norms:
        norm.num_batches_tracked = None
    try:
        yield
    finally:
        for norm, counter in zip(norms, counters, strict=True):
            norm.num_batches_tracked = counter
