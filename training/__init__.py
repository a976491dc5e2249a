"""Labels, models, evidence and the registry.

Rooms, lowest first: `leakage`, `dataset`, `fast_scoring`, `model`, `scorecard`, `evaluation`,
`registry`, `gate`, `report`, `workflow`. Each imports only those before it, and `features`.
"""
