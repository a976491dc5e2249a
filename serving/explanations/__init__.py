"""Texts about a lead, for people.

Reasons for and against, the brief for sales, what to ask for, and what changed since last time.
"""
