"""Programs under test: what a user would write by hand instead."""
