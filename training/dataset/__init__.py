"""The rows that teach and the rows that judge.

Labels and their maturity, splits by time and account, which rows a stage learns from, whether
there is enough of them, and which leads a registered version cannot have seen.
"""
