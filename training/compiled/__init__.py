"""LightGBM models and the regression beside them, scored by machine code (extra `fast`)."""
