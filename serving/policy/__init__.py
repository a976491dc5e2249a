"""`tiers.toml`: what marketing and sales agreed that a tier means."""
