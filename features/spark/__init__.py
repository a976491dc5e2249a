"""The same tables and features on a Spark session, for leads that no one machine can hold."""
