"""From the user's tables to point-in-time features.

Rooms, lowest first: `core`, `contract`, `sources`, `tables`, `point_in_time`, `families`,
`buckets`, `onboarding`. Each imports only those before it.
"""
