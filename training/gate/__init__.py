"""Whether a version may score: the rules of promotion, each with its figures."""
