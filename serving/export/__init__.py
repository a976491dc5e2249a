"""What leaves the house: spreadsheets, and databases in rooms of their own."""
