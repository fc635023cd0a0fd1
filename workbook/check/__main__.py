"""`python -m workbook.check FILE…`: the checker without the rest of gradsheet."""

import argparse
import sys

from workbook.check.cli import add_arguments, run
from xlfuncs.errors import GradsheetError

if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="gradsheet check", description="Find what is wrong in a backpropagation sheet."
    )
    add_arguments(parser)
    try:
        sys.exit(run(parser.parse_args()))
    except GradsheetError as error:
        print(f"gradsheet: {error}", file=sys.stderr)
        sys.exit(2)
