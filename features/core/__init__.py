"""What every room may need and that knows nothing of leads.

Errors that a person can act on, the reading of settings files, one run at a time (the project
lock), files replaced at once, moments in UTC, numbers, dates and texts as people read them.
"""
