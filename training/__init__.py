"""Labels, models, evidence and the registry."""
