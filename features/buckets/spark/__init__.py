"""The same buckets on a Spark session, for more leads than one machine holds."""
