"""The tables in buckets of leads, for more leads than memory holds.

Rows sorted to disk by the hash of their lead, sorted events kept from night to night, worker
processes that share the buckets out, totals that need every bucket. Spark has a room inside.
"""
