"""The other verbs, a file each: init, demo, snapshot, explain a lead, try another policy."""

from leadscore.serving.jobs.demo import run_demo
from leadscore.serving.jobs.explain_lead import Explained, explain
from leadscore.serving.jobs.init_project import start_project, write_project
from leadscore.serving.jobs.lead_snapshot import take_snapshot
from leadscore.serving.jobs.policy_what_if import Outcome, WhatIf, what_if

__all__ = [
    "Explained",
    "Outcome",
    "WhatIf",
    "explain",
    "run_demo",
    "start_project",
    "take_snapshot",
    "what_if",
    "write_project",
]
