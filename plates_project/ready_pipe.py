"""The pipe that tells a process when the service serves.

`manage.py serve` opens the pipe before it becomes the server. The first worker that serves writes
to the pipe. If the server ends before that, the reader finds the end of the pipe. The arbiter keeps
its end open, so that later workers inherit it, too; by then nobody reads any more.
"""

import contextlib
import os

# The variable that holds the file descriptor to write to, for the processes of the server.
_VARIABLE = "READY_PIPE"


def open_pipe() -> int:
    """Open the pipe, and return its end to read from. Children inherit its end to write to."""
    listener, speaker = os.pipe()
    os.set_inheritable(speaker, True)
    os.environ[_VARIABLE] = str(speaker)
    return listener


def say_ready() -> None:
    """Say that this worker serves, and close the pipe."""
    speaker = _taken()
    if speaker is not None:
        with contextlib.suppress(BrokenPipeError):
            os.write(speaker, b"\n")
        os.close(speaker)


def hear_ready(listener: int) -> bool:
    """Wait until the service serves; false if it ended before it did."""
    speaker = _taken()
    if speaker is not None:
        # While this process had the end to write to open, the pipe would never end.
        os.close(speaker)
    return bool(os.read(listener, 1))


def _taken() -> int | None:
    speaker = os.environ.pop(_VARIABLE, None)
    return None if speaker is None else int(speaker)
