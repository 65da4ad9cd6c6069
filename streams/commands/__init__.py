"""What a caller can say: one module for each command; `registry` names those of Redis."""
