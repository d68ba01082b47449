"""The command line: `monitor --help`."""

from monitor.cli.app import main

__all__ = ["main"]
