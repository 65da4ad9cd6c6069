"""Which statements a command costs."""

import importlib
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from streams import store
from streams.store import session

FINDS_A_KEY = ("FIND_KEY_BY_DIGEST", "FIND_KEY_BY_ID")


def _names() -> dict[str, str]:
    """The name of every statement in the store, by its text."""
    modules = [
        importlib.import_module(f"{store.__name__}.{module.name}")
        for module in pkgutil.iter_modules(store.__path__)
    ]
    return {
        text: name
        for module in modules
        for name, text in vars(module).items()
        if name.isupper() and isinstance(text, str)
    }


@contextmanager
def recorded() -> Iterator[list[str]]:
    """The names of the statements that the body sends, in order.

    BEGIN and COMMIT are not among them: they travel with their neighbours. Nor is the lookup of
    the key, which is not needed as long as it is remembered.
    """
    names = _names()
    sent: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        for function in ("execute", "fetch_all", "defer"):
            original = getattr(session, function)

            def record(statement: str, parameters: Any = None, original: Any = original) -> Any:
                if names[statement] not in FINDS_A_KEY:
                    sent.append(names[statement])
                return original(statement, parameters)

            patch.setattr(session, function, record)
        yield sent
