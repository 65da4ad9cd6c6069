"""The HTTP server alone, under gunicorn, with an application made for these tests."""
