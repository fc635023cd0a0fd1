"""What a run folder may hold: everything else is one sentence that names the file and the cure."""

import dataclasses
import json
import math
import os
import random
import shutil

import folders
import numpy as np
import pytest
import torch

from trainer import train
from trainer.checkpoint import load_best, restore
from trainer.data import Data
from trainer.predict import predict
from trainer.run import CURES, Config, Status, create_run, load_config, load_run, read_status, write_status
from trainer.schema import FORMULA_SIGNS, Mismatch, harmless, read
from trainer.terminal import is_obeyed
from workbook.live.target import progress_of, status_line
from xlfuncs.errors import DamagedError, GradsheetError

MUTATED = int(os.environ.get("GRADSHEET_FOLDERS", "60"))  # 1,000 and more by hand


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return folders.make(tmp_path_factory.mktemp("runs") / "run").folder


@pytest.fixture
def folder(original, tmp_path):
    return shutil.copytree(original, tmp_path / "run")


@pytest.fixture
def few_images(monkeypatch):
    """Data of the size that the made run names."""
    blank, labels = torch.zeros(200, 28, 28, dtype=torch.uint8), torch.arange(200) % 10
    data = Data("digits", blank, labels, blank[:100], labels[:100])
    monkeypatch.setattr("trainer.train.load", lambda *args, **options: data)


def change(path, *keys, value):
    """Set one value of a JSON file."""
    values = json.loads(path.read_text())
    inner = values
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = value
    path.write_text(json.dumps(values))


def sentence(error, path):
    """The exception's text, after a look whether it is one that a user can act on."""
    text = str(error.value if hasattr(error, "value") else error)
    assert str(path) in text or str(path.parent) in text, text
    assert "\n" not in text and len(text) < 600 and text.isprintable(), text
    return text


@pytest.mark.parametrize(
    ("keys", "value", "part"),
    [
        (("recipe", "epochs"), "x", "recipe.epochs is 'x'; it must be a whole number at least 1"),
        (("recipe", "epochs"), 0, "recipe.epochs is 0"),
        (("recipe", "epochs"), 2.5, "recipe.epochs is 2.5; it must be a whole number"),
        (("recipe", "learning_rate"), 0, "recipe.learning_rate is 0; it must be a number above 0"),
        (("recipe", "learning_rate"), math.nan, "recipe.learning_rate is nan"),
        (("recipe", "momentum"), 10**400, "recipe.momentum is 1000"),
        (("recipe", "nesterov"), 1, "recipe.nesterov is 1; it must be true or false"),
        (("recipe", "nesterov"), True, None),
        (("recipe", "schedule"), "linear", "it must be step or warmup-cosine"),
        (("recipe", "speed"), 1, "recipe.'speed' is nothing that this version"),
        (("recipe",), None, "recipe is null; it must be a list"),
        (("seed",), None, "seed is null; it must be a whole number at least 0"),
        (("seed",), True, "seed is true"),
        (("seed",), 2**32, "at most 4,294,967,295"),
        (("data_label",), {}, "data_label is {}; it must be a text"),
        (("data_label",), '=HYPERLINK("http://x")', "no formula"),
        (("data_label",), "  +1", "no formula"),
        (("device_name",), "a\x1b[31mb", "device_name is"),
        (("device_name",), "a\u202eb", "device_name is"),
        (("device_name",), "Größe ∂ 数字 …", None),
        (("device",), "tpu", "cuda or cpu"),
        (("dataset",), "iris", "mnist or digits"),
        (("threads",), 10**9, "at most 4,096"),
        (("target",), 0, "above 0 and at most 100"),
        (("target",), None, None),
        (("versions",), {"torch": 2}, "a list of names with texts"),
        (("data_dir",), 3, "data_dir is 3"),
    ],
    ids=str,
)
def test_the_settings_are_checked_as_an_options_value_is(folder, keys, value, part):
    path = folder / "config.json"
    change(path, *keys, value=value)
    if part is None:
        load_run(folder)
        return
    with pytest.raises(DamagedError) as error:
        load_run(folder)
    said = sentence(error, path)
    assert part in said and CURES["config.json"] in said


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("seconds_left", math.nan), ("seconds_left", -1), ("seconds_left", "1"), ("state", "dancing"), ("epoch", 10**400),
        ("epoch", -1), ("batches", None), ("images_per_second", math.inf), ("message", "=1+1"), ("message", 3), ("more", 1),
    ],
)  # fmt: skip
def test_the_status_is_checked(folder, key, value):
    change(folder / "status.json", key, value=value)
    with pytest.raises(DamagedError) as error:
        read_status(folder)
    assert key in sentence(error, folder / "status.json")


@pytest.mark.parametrize(
    ("column", "cell", "part"),
    [
        (0, "9" * 400, "epoch in line 3 is"),
        (0, "3", "the epoch after 1 is 3; it must be 2"),
        (0, "2.0", "must be a whole number"),
        (1, "nan", "learning_rate in line 3 is 'nan'; it must be a number"),
        (2, "-1", "train_loss is -1.0; it must be a number at least 0"),
        (5, "100.1", "at most 100"),
        (6, "101", "test_correct of epoch 2 is 101; there are 100 test images"),
        (7, "1_0", "'1_0'"),
        (8, "1e999", "inf"),
    ],
)
def test_the_log_is_checked(folder, column, cell, part):
    path = folder / "epochs.csv"
    lines = [line.split(",") for line in path.read_text().splitlines()]
    lines[2][column] = cell
    path.write_text("\n".join(map(",".join, lines)))
    with pytest.raises(DamagedError) as error:
        load_run(folder)
    said = sentence(error, path)
    assert part in said and "--resume" in said


@pytest.mark.parametrize("message", ["=1+1", " +x", "-", "@a", "a\nb\x1b", "x" * 10_000, "\ud800", ""])
def test_a_status_text_is_never_a_formula(folder, message):
    """Whatever an exception says, the status that is read back is one that a cell shows (and that UTF-8 can hold)."""
    write_status(folder, Status("failed", message=message))
    text = read_status(folder).message
    assert not text.lstrip().startswith(FORMULA_SIGNS) and not any(map(is_obeyed, text)) and len(text) <= 4096
    assert harmless(text) == text, "and once is enough"


def test_what_could_not_be_read_back_is_not_begun(tmp_path):
    """A data folder whose name holds a control character, say."""
    config = dataclasses.replace(folders.CONFIG, data_dir="/data\nof/mine")
    with pytest.raises(GradsheetError, match="data_dir"):
        create_run(tmp_path, config)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_converted():
    assert read(Status, {"state": "running", "images_per_second": 1}).images_per_second == 1.0
    for values in ({"state": "running", "epoch": 1.0}, {"state": "running", "epoch": "1"}, {"epoch": 1}, [], None):
        with pytest.raises(Mismatch):
            read(Status, values)
    config = json.loads(json.dumps(dataclasses.asdict(folders.CONFIG)))
    assert read(Config, config) == folders.CONFIG


@pytest.mark.parametrize("name", ["last.pt", "best.pt"])
def test_a_flipped_bit_is_noticed_or_changes_nothing(folder, name):
    """Some bytes of a zip archive are padding; all that are not are covered by its checksums."""
    path, noticed = folder / name, 0
    content, chance = path.read_bytes(), random.Random(3)
    before = torch.load(path, weights_only=True)["model"]
    for _ in range(60):
        changed = bytearray(content)
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
        path.write_bytes(changed)
        try:
            weights = load_best(path)[0] if name == "best.pt" else restore(load_config(folder))["model"]
        except GradsheetError as error:
            sentence(error, path)
            noticed += 1
        else:
            assert all(torch.equal(weights[key], before[key]) for key in before)
    assert noticed > 30


@pytest.mark.parametrize("name", ["last.pt", "best.pt"])
@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_weights_that_are_no_numbers_are_told_as_such(folder, few_images, name, number):
    path = folder / name
    saved = torch.load(path, weights_only=True)
    next(iter(saved["model"].values()))[0] = number
    torch.save(saved, path)
    with pytest.raises(DamagedError) as error:
        train.resume(folder) if name == "last.pt" else predict(np.zeros((28, 28)), folder)
    assert "NaN or infinity, as too high a learning rate leaves them" in sentence(error, path)


@pytest.mark.parametrize("what", ["shape", "key", "nan", "type"])
def test_momentum_that_is_not_the_optimizers(folder, what):
    saved = torch.load(folder / "last.pt", weights_only=True)
    if what == "shape":
        saved["momentum"][0]["momentum_buffer"] = torch.zeros(3)
    elif what == "key":
        saved["momentum"][99] = saved["momentum"].pop(0)
    elif what == "nan":
        saved["momentum"][0]["momentum_buffer"][0] = math.nan
    else:
        saved["momentum"] = [1]
    torch.save(saved, folder / "last.pt")
    with pytest.raises(DamagedError) as error:
        restore(load_config(folder))
    sentence(error, folder / "last.pt")


def test_other_data_than_the_runs(folder, few_images):
    change(folder / "config.json", "train_images", value=300)
    with pytest.raises(DamagedError, match="names 300 training and 100 test images, and the data has 200 and 100"):
        train.resume(folder)


@pytest.mark.parametrize("name", folders.FILES)
def test_a_file_larger_than_any_of_ours_is_not_read(folder, monkeypatch, name):
    path, smallest = folder / name, (folder / "config.json").stat().st_size
    monkeypatch.setattr("trainer.run.LARGEST", smallest)
    path.write_bytes(b" " * (smallest + 1))
    reader = {".json": read_status if name == "status.json" else load_run, ".csv": load_run, ".pt": load_best}[
        path.suffix
    ]
    with pytest.raises(DamagedError) as error:
        reader(path if path.suffix == ".pt" else folder)
    assert "it has more than" in sentence(error, path)


def readers(folder):
    """Everything that reads a run folder, each by itself."""
    run = lambda: load_run(folder)  # noqa: E731
    return [
        run,
        lambda: read_status(folder),
        lambda: (
            status_line(read_status(folder), load_run(folder)),
            progress_of(read_status(folder), load_run(folder)),
        ),
        lambda: load_best(folder / "best.pt"),
        lambda: predict(np.zeros((28, 28)), folder),
        lambda: train.resume(folder),
    ]


def check_texts(value):
    """All texts of a dataclass are harmless, all its numbers finite."""
    if dataclasses.is_dataclass(value):
        value = dataclasses.asdict(value)
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list | tuple):
        for item in value:
            check_texts(item)
    elif isinstance(value, str):
        assert value == harmless(value)
    elif isinstance(value, float | int):
        assert abs(value) < 1e300 or value in (1e308,), value
        assert math.isfinite(value)


def test_mutated_folders_are_told_in_a_sentence(original, tmp_path, few_images):
    """Never a traceback; and what is accepted is what the schema promises."""
    refused, begin = 0, int(os.environ.get("GRADSHEET_SEED", "0"))
    for seed in range(begin, begin + MUTATED):
        folder = shutil.copytree(original, tmp_path / "run")
        path, how = folders.mutate(folder, seed)
        answers = []
        for reader in readers(folder):
            try:
                answers.append(reader())
            except GradsheetError as error:
                try:
                    sentence(error, path)
                except AssertionError as fault:
                    raise AssertionError(f"seed {seed}, {how}: {fault}") from fault
                answers.append(None)
            except Exception as error:
                raise AssertionError(f"seed {seed}, {how}: {error!r}") from error
        refused += None in answers
        for answer in answers[:2]:
            if answer is not None:
                check_texts(dataclasses.replace(answer, folder="") if hasattr(answer, "folder") else answer)
        shutil.rmtree(folder)
    assert refused > 0.6 * MUTATED
