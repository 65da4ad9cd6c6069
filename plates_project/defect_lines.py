"""Chooses which of Django's own log lines about answers are kept."""

import logging


class OnlyDefects(logging.Filter):
    """Keeps only lines about defects, because every answer has its line in the log already.

    Removes the request's path from the line, because it may name a stream, and adds its ID.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        # Imported late: the log is set up before the application.
        from streams.store.errors import outage_in

        if not record.exc_info or outage_in(record.exc_info[1]):
            return False
        record.msg, record.args = "a page failed", ()
        request = vars(record).pop("request", None)
        if request is not None:
            record.request_id = request.META.get("plates.request_id")
        return True
