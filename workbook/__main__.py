"""The command `gradsheet`, also as `python -m workbook`; light, so that Ctrl-C is in hand before anything is loaded."""

import sys

from trainer.endings import process


def main() -> int:
    """The console script."""
    return process("workbook.cli")


if __name__ == "__main__":
    sys.exit(main())
