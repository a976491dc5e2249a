"""The same buckets and features on a Spark session."""
