"""Django's own lines about answers."""

import logging


class OnlyDefects(logging.Filter):
    """Lets pass what tells of an exception: every answer has its line already, from us.

    The path goes, for it may name a stream; the request's ID stays.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.exc_info:
            return False
        record.msg, record.args = "a page failed", ()
        request = vars(record).pop("request", None)
        if request is not None:
            record.request_id = request.META.get("plates.request_id")
        return True
