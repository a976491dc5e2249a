"""The rows that teach and the rows that judge: labels, splits, maturity."""
