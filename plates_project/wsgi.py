"""What gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plates_project.settings")
# A server's logs are its output; a command's output is for its caller.
os.environ.setdefault("LOG_STREAM", "stdout")

application = get_wsgi_application()
