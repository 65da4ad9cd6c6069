"""What a user would write by hand instead."""
