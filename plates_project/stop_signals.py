"""The signals that stop the service in order."""

import signal

STOP_SIGNALS = frozenset((signal.SIGTERM, signal.SIGINT))
