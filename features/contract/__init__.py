"""`leadscore.toml`: which tables there are, and what their columns mean.

Every section and setting of the file is a typed field here: sources, column roles, how cells are
read, horizons, feature settings, audit, publishing targets (`publishing`) and limits of a night.
A new setting of `leadscore.toml` begins here. Drafting the file is `onboarding`'s.
"""
