"""What happens to a locked stream or consumer group. Only here are changes announced."""
