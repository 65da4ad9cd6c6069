"""A signal to stop is not forgotten."""

import signal
import subprocess
import sys

import pytest

from plates_project.paths import BASE_DIR
from plates_project.stop_signals import STOP_SIGNALS

IGNORES_ERRORS = """
import signal
from plates_project import stop_signals

number = signal.Signals({number})
stop_signals.exit_on(number)
stop_signals.exit_if_one_came()
try:
    signal.raise_signal(number)
except BaseException:
    print("ignored")
stop_signals.exit_if_one_came()
print("went on")
"""


@pytest.mark.parametrize("number", sorted(STOP_SIGNALS))
def test_it_counts_even_where_its_exception_is_ignored(number: signal.Signals) -> None:
    script = IGNORES_ERRORS.format(number=number.value)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=BASE_DIR, capture_output=True, text=True, check=False
    )
    assert done.stdout == "ignored\n"
    assert done.returncode == 128 + number
