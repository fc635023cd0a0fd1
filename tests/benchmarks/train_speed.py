"""The published pipeline against ours, alternated in one run -> results/train_speed.json and train_speed.md.

    python tests/benchmarks/train_speed.py --data-dir ../shared/data

Published pipeline: torchvision's transforms on PIL images, a DataLoader with one worker, eager PyTorch in its default
number format and memory order, `.item()` at each step. Ours: what `gradsheet train` runs on this device for the recipe,
augmentation included. On the CPU each variant trains a block of steps in turn, round after round; the median of the
rounds counts, and an epoch is 938 such steps and one test pass. On CUDA whole epochs are timed, each after a
synchronisation, and the 20 epochs of `published` with the capture. MNIST, batch 64.
"""

import argparse
import json
import math
import statistics
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torchvision import datasets, transforms

from trainer.augment import draw, transform
from trainer.cpu import CpuTrainer
from trainer.cuda import CudaTrainer
from trainer.data import find_mnist, load_mnist
from trainer.environment import versions
from trainer.files import write_whole
from trainer.hardware import choose_device, compiler_found, device_name, has_bfloat16
from trainer.model import MnistCNN
from trainer.recipes import PUBLISHED, RECIPES, augmentation_ranges, choose_recipe
from trainer.step import evaluate, make_optimizer
from trainer.train import new_config, train_new

RESULTS = Path(__file__).parent / "results"
BATCH, STEPS = 64, 938
MULTIPLY_ADDS = 972.6e6 / 2  # a training step of 64 images, see the reference notes


class PublishedPipeline:
    """Training and testing as in the published notebook."""

    def __init__(self, root, device):
        normalise = [transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))]
        augment = transforms.RandomAffine(20, translate=(0.1, 0.1), scale=(0.9, 1.1))
        options = {"batch_size": BATCH, "shuffle": True, "num_workers": 1, "pin_memory": device.type == "cuda"}
        train = datasets.MNIST(root, train=True, transform=transforms.Compose([augment, *normalise]))
        test = datasets.MNIST(root, train=False, transform=transforms.Compose(normalise))
        self.train_loader = torch.utils.data.DataLoader(train, **options)
        self.test_loader = torch.utils.data.DataLoader(test, **options)
        self.device = device
        self.model = MnistCNN(PUBLISHED.dropout).to(device)
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.01, momentum=0.9)
        self.batches = iter(self.train_loader)

    def next_batch(self):
        try:
            return next(self.batches)
        except StopIteration:
            self.batches = iter(self.train_loader)
            return next(self.batches)

    def steps(self, count):
        self.model.train()
        for _ in range(count):
            images, labels = (tensor.to(self.device) for tensor in self.next_batch())
            self.optimizer.zero_grad()
            output = self.model(images)
            loss = nn.functional.nll_loss(output, labels)
            loss.backward()
            self.optimizer.step()
            loss.item()
            output.argmax(dim=1).eq(labels).sum().item()

    def test(self):
        self.model.eval()
        loss = correct = 0
        with torch.no_grad():
            for images, labels in self.test_loader:
                output = self.model(images.to(self.device))
                labels = labels.to(self.device)
                loss += nn.functional.nll_loss(output, labels, reduction="sum").item()
                correct += output.argmax(dim=1).eq(labels).sum().item()


class Ours:
    """A recipe's epochs as trainer.train runs them, cut into blocks."""

    def __init__(self, data, recipe, bfloat16, compiled):
        self.data, self.recipe, self.rng = data, recipe, np.random.Generator(np.random.SFC64(1))
        self.model = MnistCNN(recipe.dropout)
        optimizer = make_optimizer(self.model, recipe, 0.01)
        start = time.perf_counter()
        self.trainer = CpuTrainer(self.model, optimizer, recipe, bfloat16=bfloat16, compiled=compiled)
        self.setup = time.perf_counter() - start

    def steps(self, count):
        order = torch.from_numpy(self.rng.permutation(len(self.data.train_images))[: count * BATCH])
        affine = draw(self.rng, len(order), *augmentation_ranges(self.recipe, 0))
        images = transform(self.data.train_images[order], affine)
        rates = np.full(count, 0.01)
        self.trainer.epoch(images, self.data.train_labels[order], rates, self.rng, lambda step: None)

    def test(self):
        evaluate(self.model, self.data.test_images, self.data.test_labels)


@dataclass
class Timed:
    """The times of one variant: ms a step and seconds a test pass, one of each per round."""

    step_ms: list
    test_s: list

    def epoch(self):
        return statistics.median(self.step_ms) * STEPS / 1000 + statistics.median(self.test_s)


def on_cpu(root, args):
    """Rounds of all variants, one after the other, so that whatever else the machine does hits all alike."""
    device, data = torch.device("cpu"), load_mnist(root)
    bfloat16 = has_bfloat16(device)
    variants = {"published pipeline": PublishedPipeline(find_mnist(Path(root)).parents[1], device)}
    for recipe in (RECIPES["quick"], PUBLISHED):
        dropout = f"dropout {recipe.dropout:g}"
        variants[f"ours, {dropout}, float32"] = Ours(data, recipe, False, False)
        if bfloat16:
            variants[f"ours, {dropout}, bfloat16"] = Ours(data, recipe, True, False)
        if compiler_found() and not args.no_compile:
            name = f"ours, {dropout}, {'bfloat16' if bfloat16 else 'float32'}, compiled"
            variants[name] = Ours(data, recipe, bfloat16, True)
    times = {name: Timed([], []) for name in variants}
    for round_number in range(args.rounds + 1):
        for name, variant in variants.items():
            start = time.perf_counter()
            variant.steps(args.steps)
            between = time.perf_counter()
            variant.test()
            if round_number:  # the first round warms up
                times[name].step_ms.append((between - start) / args.steps * 1000)
                times[name].test_s.append(time.perf_counter() - between)
        print(f"round {round_number} of {args.rounds}", flush=True)
    reference = times["published pipeline"]
    rows = []
    for name, timed in times.items():
        ratios = [a / b for a, b in zip(reference.step_ms, timed.step_ms, strict=True)]
        rows.append({
            "variant": name,
            "step_ms": round(statistics.median(timed.step_ms), 2),
            "step_ms_lowest": round(min(timed.step_ms), 2),
            "test_s": round(statistics.median(timed.test_s), 2),
            "epoch_s": round(timed.epoch(), 1),
            "step_ratio": round(statistics.median(ratios), 2),
            "step_ratio_range": [round(min(ratios), 2), round(max(ratios), 2)],
            "epoch_ratio": round(reference.epoch() / timed.epoch(), 2),
            "setup_s": round(getattr(variants[name], "setup", 0), 1),
        })  # fmt: skip
    return {"device": device_name(device), "rounds": args.rounds, "steps_a_round": args.steps, "rows": rows}


def on_cuda(root, args):
    """Whole epochs of both, alternated; then `published` from start to end."""
    device = choose_device("cuda")
    data, published = load_mnist(root).to(device), PublishedPipeline(find_mnist(Path(root)).parents[1], device)
    rows, epochs = [], {"published pipeline": []}
    graphs = {}
    for recipe in (RECIPES["quick"], PUBLISHED):
        model = MnistCNN(recipe.dropout).to(device)
        start = time.perf_counter()
        trainer = CudaTrainer(model, make_optimizer(model, recipe, 0.01), recipe, len(data.train_images))
        torch.cuda.synchronize()
        name = f"ours, dropout {recipe.dropout:g}, CUDA graph"
        graphs[name], epochs[name] = (trainer, recipe, time.perf_counter() - start), []
    for round_number in range(min(args.rounds, 3) + 1):
        start = time.perf_counter()
        published.steps(STEPS)
        published.test()
        torch.cuda.synchronize()
        seconds = {"published pipeline": time.perf_counter() - start}
        for name, (trainer, recipe, _) in graphs.items():
            rng = np.random.Generator(np.random.SFC64(round_number))
            start = time.perf_counter()
            order = torch.from_numpy(rng.permutation(len(data.train_images))).to(device)
            affine = draw(rng, len(order), *augmentation_ranges(recipe, 0))
            images = transform(data.train_images[order], affine)
            trainer.epoch(images, data.train_labels[order], np.full(STEPS, 0.01), rng, lambda step: None)
            evaluate(trainer.model, data.test_images, data.test_labels)
            seconds[name] = time.perf_counter() - start
        for name, value in seconds.items():
            if round_number:
                epochs[name].append(value)
    for name, values in epochs.items():
        ratios = [a / b for a, b in zip(epochs["published pipeline"], values, strict=True)]
        setup = graphs[name][2] if name in graphs else 0
        rows.append({
            "variant": name, "epoch_s": round(statistics.median(values), 3),
            "epoch_ratio": round(statistics.median(ratios), 1), "setup_s": round(setup, 2),
        })  # fmt: skip
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        config, loaded = new_config(choose_recipe("published"), "mnist", root, device="cuda")
        run = train_new(Path(folder) / "run", replace(config, git_commit=None), loaded)
    total = time.perf_counter() - start
    return {
        "device": device_name(device), "rounds": min(args.rounds, 3), "rows": rows,
        "published_20_epochs_s": round(total, 2), "published_20_epochs_accuracy": run.last.test_accuracy,
    }  # fmt: skip


def cpu_floor():
    """Seconds that the arithmetic alone of an epoch takes at the rate of a large matrix product on this processor."""
    rates = {}
    for dtype in (torch.float32, torch.bfloat16):
        a = torch.randn(1536, 1536).to(dtype)
        times = []
        for _ in range(8):
            start = time.perf_counter()
            a @ a
            times.append(time.perf_counter() - start)
        rates[dtype] = 1536**3 / min(times)
    return {str(dtype).removeprefix("torch."): round(MULTIPLY_ADDS * STEPS / rate, 2) for dtype, rate in rates.items()}


def table(results):
    """The results as Markdown."""
    lines = ["# Speed of training: the published pipeline against ours", ""]
    for kind, result in results.items():
        lines += [f"## {kind}: {result['device']}", ""]
        if kind == "CPU":
            lines += [
                "| variant | ms a step | lowest | test pass s | epoch s | ratio of steps (range over rounds) "
                "| ratio of epochs | compile s |",
                "|---|---|---|---|---|---|---|---|",
            ]
            lines += [
                f"| {r['variant']} | {r['step_ms']} | {r['step_ms_lowest']} | {r['test_s']} | {r['epoch_s']} "
                f"| {r['step_ratio']} ({r['step_ratio_range'][0]}-{r['step_ratio_range'][1]}) | {r['epoch_ratio']} "
                f"| {r['setup_s'] if 'compiled' in r['variant'] else '-'} |"
                for r in result["rows"]
            ]
            lines += [
                "",
                f"Medians of {result['rounds']} alternated rounds of {result['steps_a_round']} steps each. The "
                "arithmetic of an epoch at the rate of a large matrix product would take "
                + " and ".join(f"{seconds} s ({name})" for name, seconds in result["floor_epoch_s"].items()) + ".",
            ]  # fmt: skip
        else:
            lines += ["| variant | epoch s | ratio | capture s |", "|---|---|---|---|"]
            lines += [
                f"| {r['variant']} | {r['epoch_s']} | {r['epoch_ratio']} | {r['setup_s']} |" for r in result["rows"]
            ]
            lines += ["", f"`published`, 20 epochs with capture and loading: {result['published_20_epochs_s']} s."]
        lines += ["", "Versions: " + ", ".join(f"{k} {v}" for k, v in result["versions"].items()) + ".", ""]
    return "\n".join(lines)


def main():
    """Measure on the CPU, and on CUDA where there is one, and write both files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", required=True)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--steps", type=int, default=40, help="steps a round")
    parser.add_argument("--no-compile", action="store_true")
    parser.add_argument("--results", type=Path, default=RESULTS)
    args = parser.parse_args()
    path = args.results / "train_speed.json"
    results = json.loads(path.read_text()) if path.exists() else {}
    installed = {k: v for k, v in versions().items() if k in ("python", "torch", "torchvision", "numpy")}
    results["CPU"] = {**on_cpu(args.data_dir, args), "floor_epoch_s": cpu_floor(), "versions": installed}
    if torch.cuda.is_available():
        results["CUDA"] = {**on_cuda(args.data_dir, args), "versions": installed}
    assert math.ceil(60_000 / BATCH) == STEPS
    for name, text in (("train_speed.json", json.dumps(results, indent=1) + "\n"), ("train_speed.md", table(results))):
        with write_whole(args.results / name) as file:
            file.write(text.encode())
    print(table(results))


if __name__ == "__main__":
    main()
