"""Run folders made without training, and mutations of them."""

import copy
import json
import random

import torch

from trainer.checkpoint import save_epoch
from trainer.log import EpochRow
from trainer.model import MnistCNN
from trainer.recipes import choose_recipe
from trainer.run import Config, Status, create_run, write_status
from trainer.step import optimized

CONFIG = Config(
    recipe=choose_recipe("published", epochs=3), dataset="digits", data_dir=None, seed=1, device="cpu",
    data_label="digits from scikit-learn (not MNIST)", train_images=200, test_images=100, device_name="a processor",
    threads=2, bfloat16=False, compiled=False, versions={"python": "3.11", "torch": "2.14.1"}, git_commit="d1bad6e",
)  # fmt: skip


def make(folder, epochs=3):
    """A finished run of random weights."""
    folder.mkdir(parents=True)
    run = create_run(folder, CONFIG)
    torch.manual_seed(1)
    model = MnistCNN()
    momentum = {k: {"momentum_buffer": torch.randn_like(p)} for k, p in enumerate(optimized(model))}
    for epoch in range(1, epochs + 1):
        run.rows.append(EpochRow(epoch, 0.01, 0.5, 80.0, 0.4, 90.0 + epoch, 90 + epoch, 1.5, 5000.0))
        save_epoch(run, {name: t.detach() for name, t in model.state_dict().items()}, momentum)
    write_status(folder, Status("finished", epochs, epochs, message=f"{epochs} epochs are done."))
    return run


DEEP = "[" * 100_000
ODD = [
    None, True, False, "", "x", "1", "=1+1", "@x", " -1", "\x1b[31mred", "a\nb", "\u202ecod", "\ud800", "x" * 10_000,
    [], {}, [1], {"a": 1}, 0, -1, 1, 3.5, -0.5, 1e308, -1e308, float("nan"), float("inf"), 10**20, 10**400, -(10**400),
]  # fmt: skip
ODD_CELLS = [
    "",
    "x",
    "nan",
    "inf",
    "-1",
    "1e400",
    "1_0",
    "٣",
    "9" * 400,
    "9" * 5000,
    "=1",
    '"',
    "1.5",
    " 1",
    "0x10",
    "\x00",
]
ODD_TENSORS = [
    torch.tensor(float("nan")), torch.zeros(0), torch.zeros(3), torch.zeros(16, 1, 3, 3, dtype=torch.float64),
    torch.zeros(16, 1, 3, 3).to_sparse(), torch.zeros(2, dtype=torch.complex64), torch.full((16, 1, 3, 3), float("inf")),
]  # fmt: skip
FILES = ("config.json", "status.json", "epochs.csv", "last.pt", "best.pt")


def mutate(folder, seed):
    """Change one file of a run's folder in one way; says which and how."""
    chance = random.Random(seed)
    path = folder / chance.choice(FILES)
    kind = chance.choice([_bytes, _content, _content, _content])
    return path, f"{path.name}: {kind(path, chance)}"


def _bytes(path, chance):
    content = bytearray(path.read_bytes())
    how = chance.choice(["flip", "flip", "cut", "empty", "insert", "append", "gone", "folder"])
    place = chance.randrange(len(content))
    if how == "flip":
        content[place] ^= 1 << chance.randrange(8)
    elif how == "cut":
        del content[place:]
    elif how == "empty":
        content.clear()
    elif how == "insert":
        content[place:place] = chance.randbytes(chance.randrange(1, 50))
    elif how == "append":
        content += chance.randbytes(100)
    path.unlink()
    if how == "folder":
        path.mkdir()
    elif how != "gone":
        path.write_bytes(content)
    return f"{how} at {place}"


def _content(path, chance):
    if path.suffix == ".json":
        if chance.random() < 0.05:
            path.write_text(chance.choice([DEEP, '{"seed": ' + "9" * 5000 + "}", "NaN", "[]", "null", "{}"]))
            return "whole"
        values = json.loads(path.read_text())
        where = _change(values, chance, ODD)
        path.write_text(json.dumps(values))
        return where
    if path.suffix == ".csv":
        lines = [line.split(",") for line in path.read_text().splitlines()]
        line = chance.randrange(len(lines))
        how = chance.choice(["cell", "cell", "cell", "drop", "double", "short", "blank"])
        if how == "cell":
            lines[line][chance.randrange(len(lines[line]))] = chance.choice(ODD_CELLS)
        elif how == "drop":
            del lines[line]
        elif how == "double":
            lines.insert(line, lines[line])
        elif how == "short":
            lines[line].pop()
        else:
            lines.insert(line, [])
        path.write_text("\n".join(map(",".join, lines)) + "\n", encoding="utf-8")
        return f"{how} in line {line}: {lines[line] if line < len(lines) else ''}"
    saved = torch.load(path, weights_only=True)
    if chance.random() < 0.1:
        torch.save(chance.choice([torch.zeros(3), [saved], None, 3, {}, {"model": saved["model"]}]), path)
        return "whole"
    where = _change(saved, chance, [*ODD[:-2], *ODD_TENSORS, *ODD_TENSORS])
    torch.save(saved, path)
    return where


def _change(values, chance, odd):
    """Replace, drop or add one thing somewhere in nested dicts and lists."""
    where = []
    while True:
        keys = list(values) if isinstance(values, dict) else list(range(len(values)))
        key = chance.choice(keys)
        where.append(key)
        if isinstance(values[key], dict | list) and values[key] and chance.random() < 0.7:
            values = values[key]
            continue
        how = chance.random()
        if how < 0.1:
            del values[key]
            return f"{where} gone"
        if how < 0.2 and isinstance(values, dict):
            new = chance.choice(["more", "", 3, "=x"])
            values[new] = 1
            return f"{where[:-1]} + {new!r}"
        values[key] = copy.deepcopy(chance.choice(odd))
        return f"{where} = {str(values[key])[:60]!r}"
