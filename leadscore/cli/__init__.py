"""The command line: one verb a stage of the work, no logic of its own."""

from leadscore.cli.app import app, main

__all__ = ["app", "main"]
