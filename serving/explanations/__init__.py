"""Texts about a lead: reasons, brief, what to ask for, what changed."""
