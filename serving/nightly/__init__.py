"""The scoring run over every open lead, and the one-off list.

`run_night` is the order of a night; scoring, tiers and texts are done bucket by bucket, with
checkpoints, timings, drift checks, a manifest; Spark is an engine of the same run.
"""

from leadscore.serving.nightly.engine import HERE, Engine
from leadscore.serving.nightly.run_manifest import NightResult
from leadscore.serving.nightly.run_night import default_night, last_night, score_night
from leadscore.serving.nightly.score_list import ScoredList, score_file
from leadscore.serving.nightly.scoring import Scored, score_leads
from leadscore.serving.nightly.spark_engine import spark_engine

__all__ = [
    "HERE",
    "Engine",
    "NightResult",
    "Scored",
    "ScoredList",
    "default_night",
    "last_night",
    "score_file",
    "score_leads",
    "score_night",
    "spark_engine",
]
