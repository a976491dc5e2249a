"""The command line: one verb a stage of the work, no logic of its own.

`app` has the verbs, `models` and `tiers` those with verbs of their own, `runtime` what all share:
options, exit codes, messages, logging.
"""

from leadscore.cli.app import app, main

__all__ = [
    "app",
    "main",
]
