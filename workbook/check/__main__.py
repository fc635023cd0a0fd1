"""`python -m workbook.check FILE…`: the checker without the rest of gradsheet."""

import argparse
import sys

from trainer.endings import concluded, process


def main() -> int:
    """The same as `gradsheet check`."""
    from workbook.check.cli import add_arguments, run

    parser = argparse.ArgumentParser(
        prog="gradsheet check", description="Find what is wrong in a backpropagation sheet."
    )
    add_arguments(parser)
    return concluded(lambda: run(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(process("workbook.check.__main__"))
