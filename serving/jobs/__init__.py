"""The other verbs, a file each: init, demo, explain a lead, try another policy."""
