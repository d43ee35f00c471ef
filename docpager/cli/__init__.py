"""The command line: one file a command group, each imported when its command is used."""

from docpager.cli.root import main

__all__ = ["main"]
