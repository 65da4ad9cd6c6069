"""Which of Django's own lines about answers are logged."""

import logging


class OnlyDefects(logging.Filter):
    """Keeps only lines about defects: our own log has a line for every answer already.

    The line loses the request's path, which may name a stream, and keeps the request's ID.
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
