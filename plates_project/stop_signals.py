"""The signals that stop the service in order, and how they end a process that is starting."""

import signal
import sys
from types import FrameType

STOP_SIGNALS = frozenset((signal.SIGTERM, signal.SIGINT))

_received: list[int] = []


def exit_on(*numbers: signal.Signals) -> None:
    """From now on, end this process in order when one of these signals comes."""
    for number in numbers:
        signal.signal(number, _exit)


def exit_if_one_came() -> None:
    """End this process if one of the signals of `exit_on` has come, but did not end it.

    The exception that ends the process is lost if the signal arrives within code that ignores
    errors, such as a comparison of keys while a C library looks into a dictionary.
    """
    if _received:
        sys.exit(128 + _received[0])


def _exit(number: int, frame: FrameType | None) -> None:
    _received.append(number)
    sys.exit(128 + number)
