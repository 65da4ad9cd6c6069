"""Programs under test: what a user would write instead of using the service."""
