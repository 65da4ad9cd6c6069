"""What a caller can say: one module for each command. `registry` lists the commands of Redis."""
