"""What happens to a locked stream or consumer group. The only place that announces changes."""
