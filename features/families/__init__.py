"""What each feature is, and the one function that builds them all.

A family a file: firmographic (with job titles), channel, engagement, sales history. The measures
of engagement (counts, windows, decay, trend) are data in `engagement_definitions`; which event
kinds are counted together is `event_groups`, what they are called is `event_labels`. Every feature
has a `Feature` record (name, family, group, window, measure, unit, words) for the catalogue.
"""
