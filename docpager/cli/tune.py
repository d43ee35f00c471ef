"""``docpager tune``: the smallest window that would have done."""

from docpager.cli.trace_replay import tune as command

__all__ = ["command"]
