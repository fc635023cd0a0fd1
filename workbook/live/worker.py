"""The training process behind the button: `python -m workbook.live.worker --folder DIR …arguments of gradsheet train…`

It holds the folder before PyTorch is loaded, which takes seconds, and whatever ends it stands in the folder's status as
one sentence.
"""

import argparse
import sys
import traceback
from pathlib import Path

from filelock import FileLock, Timeout

from trainer.endings import ending_of
from trainer.run import Status, write_status
from workbook.live.launch import OUTPUT, WORKER_LOCK

LOCK_SECONDS = 2.0  # somebody who only asks is_active holds the lock for a moment


def main(arguments: list[str] | None = None) -> int:
    """The process; 0 for done or stopped, 1 for failed."""
    from trainer import cli

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", required=True, type=Path)
    cli.add_arguments(parser)
    args = parser.parse_args(arguments)
    folder: Path = args.folder
    if args.resume is None:
        args.run_dir = folder
    try:
        with FileLock(folder / WORKER_LOCK, timeout=LOCK_SECONDS):
            return _train(cli, args, folder)
    except Timeout:
        return 1


def _train(cli, args: argparse.Namespace, folder: Path) -> int:
    try:
        cli.run(args)
        return 0
    except KeyboardInterrupt:
        return _failed(folder, "Interrupted; go on with Resume.")
    except Exception as error:
        ending = ending_of(error)
        if ending is None:
            traceback.print_exc()
            return _failed(folder, f"{type(error).__name__}: {error} ({folder / OUTPUT} says where)")
        return _failed(folder, ending.sentence)


def _failed(folder: Path, sentence: str) -> int:
    print(sentence)
    write_status(folder, Status("failed", message=sentence))
    return 1


if __name__ == "__main__":
    sys.exit(main())
