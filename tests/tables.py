"""What tests leave in the database, and how it goes."""

from django.db import connection

_FILLED = (
    "waiting_reader",
    "pending_entry",
    "consumer",
    "consumer_group",
    "stream_node",
    "entry",
    "stream",
    "api_key",
    "plate",
    "axes_accessattempt",
    "django_session",
    "django_admin_log",
    "auth_user_user_permissions",
    "auth_user_groups",
    "auth_user",
)
"""The tables that tests write to, in an order in which they can be emptied."""


def empty() -> None:
    """Remove every row that a test may have written. It is quicker than TRUNCATE for a few rows."""
    with connection.cursor() as cursor:
        cursor.execute("".join(f"DELETE FROM {table};" for table in _FILLED))
