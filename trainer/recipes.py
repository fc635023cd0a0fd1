"""The recipes, all numbers in one place, and what a recipe means for each step and each epoch.

`published` is the original to the letter. `quick` and `best` share one family: SGD with Nesterov momentum, no dropout,
a linear warm-up and a cosine down to almost nothing, weight decay on the weights alone, and half the augmentation in
the last epochs. Nothing here needs torch, so the command line can list the recipes without loading it.
"""

from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from trainer.schema import choice, fits, limits, number, shown
from xlfuncs.errors import OptionError

MOST_EPOCHS = 10**9  # also of a batch's images: no bound for anybody, but one for arithmetic
SCHEDULES = ("step", "warmup-cosine")
WARMUP_FACTOR, FINAL_FACTOR = 0.1, 1e-3  # the warm-up's first rate and the cosine's last, as parts of the highest


def _number(help_text: str, low: float, high: float | None = None, *, above: bool = False):
    return number(low, high, above=above, help=help_text)


def _count(help_text: str, low: int):
    return number(low, MOST_EPOCHS, help=help_text)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that decides how a run trains, apart from its data and its seed."""

    name: str
    epochs: int = _count("passes over the training images", 1)
    batch_size: int = _count("images a step", 1)
    learning_rate: float = _number("highest learning rate", 0, above=True)
    schedule: str = choice(SCHEDULES, help=f"learning-rate schedule: {' or '.join(SCHEDULES)}")
    step_epochs: int = _count("step schedule: epochs between two drops", 1)
    gamma: float = _number("step schedule: factor of a drop", 0, 1, above=True)
    warmup: float = _number("warmup-cosine schedule: part of the steps that warm up", 0, 1)
    momentum: float = _number("SGD momentum", 0, 1)
    nesterov: bool = field(metadata={"help": "Nesterov momentum"})
    weight_decay: float = _number("weight decay, not on BatchNorm nor on biases", 0)
    dropout: float = _number("probability of the five dropout layers", 0, 0.99)
    degrees: float = _number("augmentation: rotation of at most ± this many degrees", 0, 180)
    translate: float = _number("augmentation: shift of at most ± this part of the image's side", 0, 1)
    scale: float = _number("augmentation: size between 1 - this and 1 + this", 0, 0.99)
    tail: int = _count("number of last epochs in which the three augmentation ranges are halved", 0)


PUBLISHED = Recipe(
    name="published", epochs=20, batch_size=64,
    learning_rate=0.01, schedule="step", step_epochs=10, gamma=0.1, warmup=0.0,
    momentum=0.9, nesterov=False, weight_decay=0.0, dropout=0.05,
    degrees=20.0, translate=0.1, scale=0.1, tail=0,
)  # fmt: skip
QUICK = Recipe(
    name="quick", epochs=5, batch_size=64,
    learning_rate=0.1, schedule="warmup-cosine", step_epochs=10, gamma=0.1, warmup=0.2,
    momentum=0.9, nesterov=True, weight_decay=1e-3, dropout=0.0,
    degrees=10.0, translate=0.07, scale=0.1, tail=2,
)  # fmt: skip
BEST = replace(QUICK, name="best", epochs=20, weight_decay=5e-4, degrees=12.0, translate=0.08, tail=4)

RECIPES = {recipe.name: recipe for recipe in (PUBLISHED, QUICK, BEST)}
DEFAULT_RECIPE, DEFAULT_DATASET, DEFAULT_DEVICE, DEFAULT_SEED = QUICK.name, "mnist", "auto", 1
"""What a training gets that isn't asked for, on the command line and in the yellow cells of the sheet Training."""


def flag(name: str) -> str:
    """The option of `gradsheet train` for a recipe's field or another setting: --batch-size."""
    return "--lr" if name == "learning_rate" else f"--{name.replace('_', '-')}"


def choose_recipe(name: str, **overrides: Any) -> Recipe:
    """The recipe of that name with some fields replaced; None means not overridden.

    Raises OptionError for an unknown name or field, or a value outside its range.
    """
    if name not in RECIPES:
        raise OptionError(f"There is no recipe {name!r}; choose one of {', '.join(RECIPES)}.")
    changes = {key: value for key, value in overrides.items() if value is not None}
    unknown = set(changes) - {item.name for item in fields(Recipe)}
    if unknown:
        raise OptionError(f"A recipe has no {', '.join(sorted(unknown))}.")
    recipe = replace(RECIPES[name], **changes)
    check(recipe)
    return recipe


def check(recipe: Recipe) -> None:
    """Raise OptionError where a value can't be trained with."""
    for item in fields(recipe):
        value = getattr(recipe, item.name)
        if "low" in item.metadata and not fits(item, value):
            label = item.name.replace("_", " ")
            raise OptionError(f"The {label} {shown(value)} can't be used; give a number {limits(item)}.")
    if recipe.schedule not in SCHEDULES:
        raise OptionError(f"There is no schedule {recipe.schedule!r}; choose {' or '.join(SCHEDULES)}.")
    if recipe.nesterov and recipe.momentum == 0:
        raise OptionError("Nesterov momentum needs a momentum above 0; give one, or --no-nesterov.")


def learning_rates(recipe: Recipe, epoch: int, steps_per_epoch: int) -> np.ndarray:
    """The learning rate of every step of epoch 0, 1, ...: float64 of shape (steps_per_epoch,).

    A long run's rates together would fill the memory.
    """
    if recipe.schedule == "step":
        drops = np.array([epoch // recipe.step_epochs])
        return np.repeat(recipe.learning_rate * recipe.gamma**drops, steps_per_epoch)
    steps = recipe.epochs * steps_per_epoch
    warm = round(recipe.warmup * steps)
    step = np.arange(epoch * steps_per_epoch, (epoch + 1) * steps_per_epoch, dtype=np.float64)
    rising = WARMUP_FACTOR + step * ((1 - WARMUP_FACTOR) / max(warm, 1))
    part = (step - warm) * (1 / max(steps - warm - 1, 1))  # of the cosine's way down, 0 to 1
    falling = FINAL_FACTOR + (1 - FINAL_FACTOR) * (1 + np.cos(np.pi * part)) / 2
    return recipe.learning_rate * np.where(step < warm, rising, falling)


def augmentation_ranges(recipe: Recipe, epoch: int) -> tuple[float, float, float]:
    """(degrees, translate, scale) of epoch 0, 1, ...: the recipe's, halved in its last `tail` epochs."""
    factor = 0.5 if epoch >= recipe.epochs - recipe.tail else 1.0
    return recipe.degrees * factor, recipe.translate * factor, recipe.scale * factor
