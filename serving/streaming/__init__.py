"""The night as a stream: leads in buckets, so that memory does not grow with their number."""
