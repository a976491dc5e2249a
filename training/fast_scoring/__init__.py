"""LightGBM's trees as machine code; imports nothing else of the product."""
