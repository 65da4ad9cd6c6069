"""The WSGI application that gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plates_project.settings")
# A server logs to stdout. Commands do not, because their stdout is for the caller.
os.environ.setdefault("LOG_STREAM", "stdout")

application = get_wsgi_application()
