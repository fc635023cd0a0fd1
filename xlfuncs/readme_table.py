"""The README's table of functions, from the function table: `python -m xlfuncs.readme_table README.md` renews it."""

import sys
from pathlib import Path

from xlfuncs.function_table import TABLE

BEGIN, END = "<!-- functions: python -m xlfuncs.readme_table README.md -->\n", "<!-- end of functions -->\n"


def markdown() -> str:
    """The table's lines, a row a function."""
    rows = [(f"`{f.usage}`", f.gives, f"`={f.example}`", f.result) for f in TABLE]
    lines = [
        "| function | gives | example | result |",
        "|---|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
    return "\n".join(lines) + "\n"


def renewed(readme: str) -> str:
    """The README's text with today's table between its two marks."""
    before, _, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"the README lacks the lines {BEGIN.strip()} and {END.strip()}")
    return f"{before}{BEGIN}\n{markdown()}\n{END}{after}"


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(renewed(path.read_text(encoding="utf-8")), encoding="utf-8")
