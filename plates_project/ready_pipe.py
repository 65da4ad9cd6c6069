"""The pipe by which a process learns that the service serves.

`manage.py serve` opens it before it becomes the server. The first worker that serves writes to it;
if the server ends before that, the reader meets the pipe's end. The arbiter keeps its end open;
later workers find that nobody reads any more.
"""

import contextlib
import os

# The file descriptor to write to, for the processes of the server.
_VARIABLE = "READY_PIPE"


def open_pipe() -> int:
    """The end to read from. What this process executes or forks finds the other end."""
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
        # With this process' own end open, the pipe would never end.
        os.close(speaker)
    return bool(os.read(listener, 1))


def _taken() -> int | None:
    speaker = os.environ.pop(_VARIABLE, None)
    return None if speaker is None else int(speaker)
