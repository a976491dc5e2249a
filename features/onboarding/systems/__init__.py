"""What CRMs call their tables and columns, as data, and the code that recognises them.

One TOML preset a system (`presets/`), which a project may copy into its own `systems/` folder to
add to ours or to replace one; what landings such as Fivetran or dbt snapshots add to tables of any
system (`landings.toml`); and under which names its importer takes scores. It reads names of columns
alone, never cells.
"""

from leadscore.features.onboarding.systems.described import SystemSummary, describe_systems
from leadscore.features.onboarding.systems.export_fields import ExportField, ExportFields
from leadscore.features.onboarding.systems.landings import Landed, landing_of
from leadscore.features.onboarding.systems.load import load_systems
from leadscore.features.onboarding.systems.preset import System
from leadscore.features.onboarding.systems.recognise import Recognised, recognise

__all__ = [
    "ExportField",
    "ExportFields",
    "Landed",
    "Recognised",
    "System",
    "SystemSummary",
    "describe_systems",
    "landing_of",
    "load_systems",
    "recognise",
]
