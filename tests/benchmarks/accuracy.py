"""What accuracy a recipe reaches: recipe × seeds -> tests/benchmarks/results/accuracy.json and accuracy.md.

    python tests/benchmarks/accuracy.py --data-dir ../shared/data --recipes quick --seeds 101 102 103 104 105

Reported is the accuracy after the last epoch, never that of the best one. --holdout 5000 trains on 55,000 images and
tests on the other 5,000 training images, which is how recipes are chosen; the numbers quoted are test accuracies of
fresh seeds. A seed measured again replaces its older result; other recipes, precisions or images are kept apart.
"""

import argparse
import json
import statistics
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

from trainer.files import write_whole
from trainer.recipes import PUBLISHED, RECIPES, choose_recipe
from trainer.train import new_config, train_new

RESULTS = Path(__file__).parent / "results"


def measure(recipe_name, seed, args):
    """Train once in a temporary folder; return what is worth keeping of it."""
    recipe = choose_recipe(recipe_name, epochs=args.epochs, **dict(args.set))
    config, data = new_config(recipe, args.dataset, args.data_dir, seed=seed, device=args.device, holdout=args.holdout)
    config = replace(config, bfloat16=config.bfloat16 and not args.float32)
    with tempfile.TemporaryDirectory() as folder:
        run = train_new(Path(folder) / "run", config, data)
    if not run.finished:
        raise SystemExit(f"{recipe_name}, seed {seed}: stopped, and not counted.")
    what = {
        "recipe": recipe_name,
        "images": run.config.data_label,
        "device": run.config.device_name,
        "precision": "bfloat16" if config.bfloat16 else "float32",
        "settings": asdict(recipe),
        "versions": {name: run.config.versions[name] for name in ("python", "torch", "torchvision", "numpy")},
    }
    result = {
        "seed": seed,
        "accuracy": round(run.last.test_accuracy, 4),
        "train_loss": run.last.train_loss,
        "seconds": round(sum(row.seconds for row in run.rows), 1),
    }
    return what, result


def setting(written):
    """A recipe's field and its number, from weight_decay=5e-4."""
    name, _, value = written.partition("=")
    return name, float(value)


def changed(group):
    """What the group's settings have in place of the recipe's own."""
    recipe = asdict(RECIPES[group["recipe"]])
    others = [f"{name} {value:g}" for name, value in group["settings"].items() if value != recipe[name]]
    return ", ".join(others) or "-"


def load_results(path):
    """The groups measured so far: each what was trained, with its results by seed."""
    return json.loads(path.read_text()) if path.exists() else []


def table(groups):
    """The results as a Markdown table."""
    lines = [
        "# Accuracy after the last epoch, in percent",
        "",
        "| recipe | epochs | changed | measured on | n | mean | deviation | lowest | highest | seeds | precision | device |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for group in groups:
        values = [result["accuracy"] for result in group["results"]]
        deviation = f"{statistics.stdev(values):.3f}" if len(values) > 1 else "-"
        seeds = " ".join(str(result["seed"]) for result in group["results"])
        lines.append(
            f"| {group['recipe']} | {group['settings']['epochs']} | {changed(group)} | {group['images']} | {len(values)} "
            f"| {statistics.mean(values):.3f} | {deviation} | {min(values):.2f} | {max(values):.2f} | {seeds} "
            f"| {group['precision']} | {group['device']} |"
        )
    versions = sorted({", ".join(f"{k} {v}" for k, v in group["versions"].items()) for group in groups})
    lines += ["", f"Versions: {'; '.join(versions)}.", ""]
    lines += [f"The published run of {PUBLISHED.epochs} epochs ended at 99.41, one seed; see trainer/published.py.", ""]
    return "\n".join(lines)


def main():
    """Measure what is asked for, and write both files after every run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipes", nargs="+", choices=RECIPES, default=["quick"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[101, 102, 103])
    parser.add_argument("--dataset", default="mnist")
    parser.add_argument("--data-dir")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--set", nargs="+", type=setting, default=[], help="other numbers, such as weight_decay=5e-4")
    parser.add_argument("--holdout", type=int, default=0, help="held-out training images to test on, such as 5000")
    parser.add_argument("--float32", action="store_true", help="no bfloat16, to compare")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder for accuracy.json and accuracy.md")
    args = parser.parse_args()
    for recipe in args.recipes:
        for seed in args.seeds:
            groups = load_results(args.results / "accuracy.json")
            what, result = measure(recipe, seed, args)
            group = next((g for g in groups if {k: g[k] for k in what} == what), None)
            if group is None:
                group = {**what, "results": []}
                groups.append(group)
            others = [old for old in group["results"] if old["seed"] != seed]
            group["results"] = sorted([*others, result], key=lambda one: one["seed"])
            for name, text in (("accuracy.json", json.dumps(groups, indent=1) + "\n"), ("accuracy.md", table(groups))):
                with write_whole(args.results / name) as file:
                    file.write(text.encode())
            print(recipe, what["images"], what["precision"], result, flush=True)


if __name__ == "__main__":
    main()
