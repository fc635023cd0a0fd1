import dataclasses

import numpy as np
import pytest
import torch
from torch.optim import lr_scheduler

from trainer.published import PUBLISHED_LOG
from trainer.recipes import BEST, PUBLISHED, QUICK, augmentation_ranges, choose_recipe, learning_rates
from xlfuncs.errors import GradsheetError


def torch_rates(make_scheduler, lr, steps):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    scheduler, rates = make_scheduler(optimizer), []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return np.array(rates)


def whole(recipe, steps):
    """All rates of a run, (epochs, steps)."""
    return np.stack([learning_rates(recipe, epoch, steps) for epoch in range(recipe.epochs)])


def test_the_step_schedule_is_torchs_and_the_published_logs():
    rates = whole(PUBLISHED, 938)
    assert rates.shape == (20, 938)
    expected = torch_rates(lambda o: lr_scheduler.StepLR(o, step_size=10, gamma=0.1), 0.01, 20)
    np.testing.assert_allclose(rates, np.repeat(expected[:, None], 938, axis=1), rtol=1e-12)
    np.testing.assert_allclose(rates[:, -1], [row.learning_rate for row in PUBLISHED_LOG], rtol=1e-12)


@pytest.mark.parametrize(("recipe", "steps"), [(QUICK, 938), (BEST, 938), (QUICK, 23), (QUICK, 1)])
def test_the_cosine_schedule_is_torchs(recipe, steps):
    total = recipe.epochs * steps
    warm = round(recipe.warmup * total)
    expected = torch_rates(
        lambda o: lr_scheduler.SequentialLR(
            o,
            [
                lr_scheduler.LinearLR(o, start_factor=0.1, total_iters=warm),
                lr_scheduler.CosineAnnealingLR(o, T_max=total - warm - 1, eta_min=recipe.learning_rate * 1e-3),
            ],
            milestones=[warm],
        ),
        recipe.learning_rate,
        total,
    )
    np.testing.assert_allclose(whole(recipe, steps).ravel(), expected, rtol=1e-6)
    assert learning_rates(recipe, recipe.epochs - 1, steps)[-1] == pytest.approx(1e-4)


def test_the_last_epochs_augment_by_half():
    assert augmentation_ranges(QUICK, 2) == (10, 0.07, 0.1)
    assert augmentation_ranges(QUICK, 3) == augmentation_ranges(QUICK, 4) == (5, 0.035, 0.05)
    assert {augmentation_ranges(PUBLISHED, epoch) for epoch in range(20)} == {(20, 0.1, 0.1)}


def test_every_field_can_be_overridden():
    recipe = choose_recipe("quick", epochs=3, learning_rate=0.05, nesterov=None)
    assert (recipe.epochs, recipe.learning_rate, recipe.nesterov) == (3, 0.05, True)


BAD = [
    ("epochs", 0), ("batch_size", 0), ("learning_rate", 0.0), ("learning_rate", float("nan")), ("momentum", 1.5),
    ("learning_rate", float("inf")), ("dropout", 1.0), ("degrees", -1.0), ("weight_decay", -0.1),
    ("schedule", "linear"), ("momentum", 0.0), ("tail", -1),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_value_out_of_range_is_named(name, value):
    with pytest.raises(GradsheetError, match=name.replace("_", " ")):
        choose_recipe("quick", **{name: value})


def test_unknown_names_are_refused():
    with pytest.raises(GradsheetError, match="published, quick, best"):
        choose_recipe("fast")
    with pytest.raises(GradsheetError, match="no speed"):
        choose_recipe("quick", speed=1)


def test_the_published_recipe_is_the_published_one():
    expected = {
        "epochs": 20, "batch_size": 64, "learning_rate": 0.01, "momentum": 0.9, "nesterov": False, "weight_decay": 0,
        "dropout": 0.05, "degrees": 20, "translate": 0.1, "scale": 0.1, "schedule": "step", "step_epochs": 10,
        "gamma": 0.1,
    }  # fmt: skip
    values = dataclasses.asdict(PUBLISHED)
    assert {name: values[name] for name in expected} == expected


def test_the_published_log_is_whole():
    assert [row.epoch for row in PUBLISHED_LOG] == list(range(1, 21))
    assert max(row.test_accuracy for row in PUBLISHED_LOG) == PUBLISHED_LOG[-1].test_accuracy == 99.41
