"""How the work of many callers shares round trips and commits, and how much of it may queue."""
