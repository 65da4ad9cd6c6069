"""Django's own lines about answers."""

import logging


class OnlyDefects(logging.Filter):
    """Lets pass what tells of an exception: every answer has its line already, from us.

    The path goes, for it may name a stream; the request's ID stays.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        # Late: the log is set up before the application.
        from streams.store.errors import outage_in

        if not record.exc_info or outage_in(record.exc_info[1]):
            return False
        record.msg, record.args = "a page failed", ()
        request = vars(record).pop("request", None)
        if request is not None:
            record.request_id = request.META.get("plates.request_id")
        return True
