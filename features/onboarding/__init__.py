"""Drafting a contract from somebody's files (`leadscore init`)."""
