"""The parser of `gradsheet`: argparse with sentences for errors, and commands that are loaded when they are called."""

import argparse
import re
import textwrap
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

from trainer import endings
from trainer.terminal import say
from xlfuncs.errors import MissingPackageError


class _Help(argparse.HelpFormatter):
    """argparse's help, which breaks lines between words only: not inside binary-cross-entropy."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        return textwrap.wrap(" ".join(text.split()), width, break_long_words=False, break_on_hyphens=False)


class Parser(argparse.ArgumentParser):
    """argparse whose errors are one sentence, without the usage lines, and for which -1e5,1 is no option."""

    def __init__(self, **options: Any):
        """Options as argparse has them."""
        super().__init__(**options, formatter_class=_Help)
        # argparse's own pattern knows -1 and -0.5 only. Without this attribute -1e5 would merely need a = again.
        self._negative_number_matcher = re.compile(r"-\.?\d")

    def print_help(self, file: Any = None) -> None:
        """Print the help; argparse's own method hides that it couldn't."""
        say(self.format_help().rstrip(), file)

    def error(self, message: str) -> NoReturn:
        """Print the sentence and exit with 2."""
        endings.tell(f"{message} (see {self.prog} --help)", self.prog)
        raise SystemExit(endings.MISTAKE)


class Command(Parser):
    """The parser of one command. Its module has `add_arguments` and `run`, and is imported when it is chosen."""

    def __init__(self, *, module: str, **options: Any):
        """The name of the module, and options as argparse has them."""
        super().__init__(**options)
        self._module: str | None = module

    def parse_known_args(self, args=None, namespace=None):  # noqa: D102 (argparse's own)
        if self._module is not None:
            module, self._module = import_module(self._module), None
            module.add_arguments(self)
            self.set_defaults(run=module.run)
        return super().parse_known_args(args, namespace)


class Version(argparse.Action):
    """--version: the installed package's, which pyproject.toml gives."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str):
        """No value follows."""
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *args: object) -> NoReturn:
        """Print it and exit with 0."""
        from importlib import metadata  # as slow as all the rest, and for nothing else

        try:
            say(f"gradsheet {metadata.version('gradsheet')}")
        except metadata.PackageNotFoundError as error:
            raise MissingPackageError.of("gradsheet", "--version") from error
        parser.exit()
