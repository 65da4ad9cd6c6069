"""The benchmark: the service beside what a user would pick instead. `make bench` runs it."""
