"""Training a run from its start or its last checkpoint to its end.

All randomness of an epoch (order, augmentation, dropout) comes from generators seeded with the run's seed and the
epoch's number. A finished epoch therefore needs nothing but weights and momentum to go on from, and a resumed run
repeats an uninterrupted one bit by bit on the CPU.
"""

import math
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from trainer import environment, hardware
from trainer.augment import draw, transform
from trainer.checkpoint import restore, save_epoch
from trainer.cpu import CpuTrainer
from trainer.cuda import CudaTrainer
from trainer.data import Data, load
from trainer.folders import make_folder
from trainer.log import EpochRow
from trainer.model import MnistCNN
from trainer.progress import Progress
from trainer.recipes import (
    DEFAULT_DATASET,
    DEFAULT_DEVICE,
    DEFAULT_SEED,
    Recipe,
    augmentation_ranges,
    check,
    learning_rates,
)
from trainer.run import (
    CONFIG,
    LAST,
    SEEDS,
    STOP,
    Config,
    Run,
    Status,
    create_run,
    damaged,
    load_config,
    locked,
    write_status,
)
from trainer.schema import harmless
from trainer.step import evaluate, make_optimizer
from trainer.watch import Asked, Stopped, Watch, stop_signals
from xlfuncs.errors import GradsheetError, OptionError, TrainingError, UnwritableError

ORDER, AUGMENTATION, DROPOUT = range(3)  # the streams of random numbers in an epoch
DRY_RUN_EPOCHS, DRY_RUN_BATCHES = 2, 4


def generator(seed: int, epoch: int, stream: int) -> np.random.Generator:
    """The random numbers of one stream of one epoch (0, 1, ...)."""
    return np.random.Generator(np.random.SFC64([seed, epoch, stream]))


def new_config(
    recipe: Recipe, dataset: str = DEFAULT_DATASET, data_dir: Path | str | None = None, *,
    seed: int = DEFAULT_SEED, device: str = DEFAULT_DEVICE,
    target: float | None = None, holdout: int = 0, dry_run: bool = False,
) -> tuple[Config, Data]:  # fmt: skip
    """The configuration of a new run on this machine, and its data; raises GradsheetError for what can't be run."""
    check(recipe)
    if not 0 <= seed < SEEDS:
        raise OptionError(f"The seed {seed} can't be used; give a whole number from 0 to {SEEDS - 1}.")
    if target is not None and not 0 < target <= 100:
        raise OptionError(f"The target {target:g} can't be reached; give a test accuracy in percent, such as 99.4.")
    if dry_run:
        recipe = replace(recipe, epochs=min(recipe.epochs, DRY_RUN_EPOCHS))
    chosen = hardware.choose_device(device)
    # One batch more than a few whole ones, and smaller, since an epoch's last batch is.
    limit = DRY_RUN_BATCHES * recipe.batch_size + recipe.batch_size // 2 if dry_run else None
    data = load(dataset, data_dir, holdout=holdout, limit=limit)
    count = len(data.train_images)
    if recipe.batch_size > count:
        raise OptionError(f"A batch of {recipe.batch_size} is more than the {count} training images; give less.")
    config = Config(
        recipe=recipe,
        dataset=dataset,
        data_dir=str(Path(data_dir).resolve()) if data_dir else None,
        seed=seed,
        device=chosen.type,
        target=target,
        holdout=holdout,
        dry_run=dry_run,
        data_label=data.label,
        train_images=count,
        test_images=len(data.test_images),
        device_name=harmless(hardware.device_name(chosen)),
        threads=torch.get_num_threads(),
        bfloat16=hardware.has_bfloat16(chosen),
        compiled=hardware.should_compile(chosen, recipe.epochs * math.ceil(count / recipe.batch_size)),
        versions=environment.versions(),
        git_commit=environment.git_commit(),
    )
    return config, data


def train_new(
    folder: Path, config: Config, data: Data, on_epoch: Callable[[Run], None] | None = None,
    progress: Progress | None = None,
) -> Run:  # fmt: skip
    """Make a run in the folder and train it to its end, or until it is asked to stop.

    on_epoch(run) is called when an epoch is on the disk; if it fails, the user is told and training goes on.
    """
    make_folder(folder)
    with locked(folder):
        run = create_run(folder, config)
        return _train(run, data, on_epoch, progress or Progress())


def resume(
    folder: Path | str, *, data_dir: Path | str | None = None, device: str | None = None, target: float | None = None,
    on_epoch: Callable[[Run], None] | None = None, progress: Progress | None = None,
) -> Run:  # fmt: skip
    """Go on with a run after its last finished epoch; one that is finished comes back as it is.

    data_dir, device, target: in place of those in config.json, where given.
    """
    folder = Path(folder)
    load_config(folder)  # says what is wrong before a lock file is made in a folder that is no run
    with locked(folder):
        run = load_config(folder)
        chosen = hardware.choose_device(device or run.config.device).type
        run.config = replace(
            run.config,
            device=chosen,
            # The CPU's number format and compiled step belong to the CPU run alone.
            bfloat16=run.config.bfloat16 and chosen == "cpu",
            compiled=run.config.compiled and chosen == "cpu" and hardware.compiler_found(),
            data_dir=str(data_dir) if data_dir else run.config.data_dir,
            target=run.config.target if target is None else target,
        )
        config = run.config
        limit = config.train_images if config.dry_run else None
        data = load(config.dataset, config.data_dir, holdout=config.holdout, limit=limit)
        check_sizes(run, data)
        return _train(run, data, on_epoch, progress or Progress())


def check_sizes(run: Run, data: Data) -> None:
    """Raise GradsheetError unless the data has as many images as the run began with."""
    found = len(data.train_images), len(data.test_images)
    named = run.config.train_images, run.config.test_images
    if found != named:
        difference = (
            f"it names {named[0]} training and {named[1]} test images, and the data has {found[0]} and {found[1]}"
        )
        raise damaged(run.folder / CONFIG, difference)


def _train(run: Run, data: Data, on_epoch: Callable[[Run], None] | None, progress: Progress) -> Run:
    _report(run, "running", "Getting ready.")
    try:
        with progress, stop_signals() as asked:
            _epochs(run, data, on_epoch, progress, asked)
        _report(run, "finished", f"{len(run.rows)} epochs are done.")
    except Stopped as stop:
        run.stopped_by = stop.signal
        _report_stop(run)
    except (KeyboardInterrupt, BrokenPipeError):  # a second Ctrl-C; nobody reads what is said
        _report_stop(run)
        raise
    except BaseException as error:
        with suppress(GradsheetError):  # the disk that is too full for a checkpoint may be too full for this
            _report(run, "failed", str(error) or type(error).__name__)
        raise
    finally:
        # Obeyed, or too late. Not at a resume's start: a Stop that was pressed while torch was loading counts.
        (run.folder / STOP).unlink(missing_ok=True)
    return run


def _report_stop(run: Run) -> None:
    _report(run, "stopped", f"Stopped after {len(run.rows)} epochs; go on with --resume {run.folder}")


def _report(run: Run, state: str, message: str) -> None:
    done, total = len(run.rows), run.config.recipe.epochs
    write_status(run.folder, Status(state, epoch=done, epochs=total, message=message))


def _epochs(run: Run, data: Data, on_epoch, progress: Progress, asked: Asked) -> None:
    config, recipe = run.config, run.config.recipe
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    model = MnistCNN(recipe.dropout)
    optimizer_state = None
    if (run.folder / LAST).exists():
        saved = restore(run)
        model.load_state_dict(saved["model"])
        optimizer_state = saved["momentum"]
    device = torch.device(config.device)
    model = model.to(device).to(memory_format=torch.channels_last)
    optimizer = make_optimizer(model, recipe, recipe.learning_rate)
    if optimizer_state is not None:
        groups = optimizer.state_dict()["param_groups"]
        optimizer.load_state_dict({"state": optimizer_state, "param_groups": groups})
    run.done_before = len(run.rows)
    if run.finished:
        return
    if not run.rows:
        save_epoch(run, cpu_state(model), {})
    data = data.to(device)
    trainer = make_trainer(model, optimizer, config, progress)
    steps = math.ceil(config.train_images / recipe.batch_size)
    for epoch in range(len(run.rows), recipe.epochs):
        watch = Watch(run, steps, progress, asked)
        row = _epoch(run, epoch, trainer, data, learning_rates(recipe, epoch, steps), watch)
        run.rows.append(row)
        _save(run, model, optimizer)
        progress.say(row.line(config.test_images))
        if on_epoch is not None:
            try:
                on_epoch(run)
            except Exception as error:
                progress.say(f"After epoch {epoch + 1} the results could not be passed on ({error}); training goes on.")
        if run.finished:
            return


def _save(run: Run, model: MnistCNN, optimizer: torch.optim.SGD) -> None:
    try:
        save_epoch(run, cpu_state(model), optimizer.state_dict()["state"])
    except UnwritableError as error:
        raise type(error)(f"{error} The epochs before are kept: go on with --resume {run.folder}") from error


def _epoch(
    run: Run, epoch: int, trainer: CpuTrainer | CudaTrainer, data: Data, rates: np.ndarray, watch: Watch
) -> EpochRow:
    recipe, seed, start = run.config.recipe, run.config.seed, time.perf_counter()
    order = torch.from_numpy(generator(seed, epoch, ORDER).permutation(len(data.train_images)))
    order = order.to(data.train_images.device)
    ranges = augmentation_ranges(recipe, epoch)
    affine = draw(generator(seed, epoch, AUGMENTATION), len(order), *ranges)
    images = transform(data.train_images[order], affine)
    loss, correct = trainer.epoch(images, data.train_labels[order], rates, generator(seed, epoch, DROPOUT), watch)
    trained = time.perf_counter()
    if not all_finite(trainer.model):
        raise _diverged(run, epoch, "weights")
    test_loss, test_correct = evaluate(trainer.model, data.test_images, data.test_labels)
    if not (math.isfinite(loss) and math.isfinite(test_loss)):
        raise _diverged(run, epoch, "loss")
    return EpochRow(
        epoch=epoch + 1,
        learning_rate=float(rates[-1]),
        train_loss=loss,
        train_accuracy=100 * correct / len(order),
        test_loss=test_loss,
        test_accuracy=100 * test_correct / len(data.test_labels),
        test_correct=test_correct,
        seconds=time.perf_counter() - start,
        images_per_second=len(order) / (trained - start),
    )


def all_finite(model: MnistCNN) -> bool:
    """Whether all weights and BatchNorm statistics are numbers."""
    return all(bool(torch.isfinite(tensor).all()) for tensor in model.state_dict().values())


def _diverged(run: Run, epoch: int, what: str) -> TrainingError:
    return TrainingError(
        f"In epoch {epoch + 1} the {what} became NaN or infinite: learning rate {run.config.recipe.learning_rate:g} is "
        f"too high; start again with a lower --lr. The epochs before are kept in {run.folder}."
    )


def make_trainer(
    model: MnistCNN, optimizer: torch.optim.SGD, config: Config, progress: Progress
) -> CpuTrainer | CudaTrainer:
    """What trains on the run's device, compiled or captured; says how long that took."""
    start = time.perf_counter()
    if config.device == "cuda":
        captured = CudaTrainer(model, optimizer, config.recipe, config.train_images)
        progress.say(f"The CUDA graph was captured in {time.perf_counter() - start:.1f} s.")
        return captured
    if config.compiled:
        progress.say("Compiling the training step, which pays in a long run ...")
        try:
            trainer = CpuTrainer(model, optimizer, config.recipe, bfloat16=config.bfloat16, compiled=True)
            progress.say(f"Compiled in {time.perf_counter() - start:.1f} s.")
            return trainer
        except Exception as error:  # a compiler that can't compile shows itself in many ways
            progress.say(f"The step can't be compiled here ({type(error).__name__}); training goes on without.")
            optimizer.zero_grad(set_to_none=True)
    return CpuTrainer(model, optimizer, config.recipe, bfloat16=config.bfloat16)


def cpu_state(model: MnistCNN) -> dict[str, torch.Tensor]:
    """The weights and BatchNorm statistics, on the CPU."""
    return {name: tensor.detach().cpu() for name, tensor in model.state_dict().items()}
