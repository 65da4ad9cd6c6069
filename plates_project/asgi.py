"""The ASGI application that gunicorn serves.

Requests to the API go straight to their endpoints. Only requests for the console and its static
files go through Django's own handler and its middleware, in threads.
"""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plates_project.settings")
# A server logs to stdout. Commands do not, because their stdout is for the caller.
os.environ.setdefault("LOG_STREAM", "stdout")

from django.core.asgi import get_asgi_application

_django = get_asgi_application()

# Imported late: it imports the models, so Django must be set up first.
from plates_project import console  # noqa: E402
from streams.api import entry  # noqa: E402
from streams.api.requests import Receive, Scope, Send  # noqa: E402


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request."""
    if scope["path"].lstrip("/").partition("/")[0] in console.FIRST_SEGMENTS:
        await console.answer(_django, scope, receive, send)
    else:
        await entry.answer(scope, receive, send)
