"""The other verbs, a file each: init, demo, explain, what-if."""
