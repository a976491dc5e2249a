"""A night's rows: checked, written once, read back."""
