"""Whom a request comes from, directly and through proxies."""

from typing import Any

import pytest

from streams.client_address import client_address

PROXIES = ["127.0.0.1", "10.0.0.0/8", "fd00::/8"]


def found(peer: str, forwarded: str | None = None) -> str | None:
    meta = {"REMOTE_ADDR": peer}
    if forwarded is not None:
        meta["HTTP_X_FORWARDED_FOR"] = forwarded
    address = client_address(meta)
    return str(address) if address else None


@pytest.fixture(autouse=True)
def _proxies(settings: Any) -> None:
    settings.FORWARDED_ALLOW_IPS = PROXIES


@pytest.mark.parametrize("forwarded", [None, "", "1.2.3.4", "127.0.0.1"])
def test_a_strangers_word_is_not_taken(forwarded: str | None) -> None:
    assert found("192.0.2.1", forwarded) == "192.0.2.1"


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("127.0.0.1", None, "127.0.0.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "192.0.2.1", "192.0.2.1"),
        ("127.0.0.1", " 192.0.2.1 ", "192.0.2.1"),
        ("127.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("fd00::1", "192.0.2.1", "192.0.2.1"),
        # What the client wrote itself stands before.
        ("127.0.0.1", "1.2.3.4, 192.0.2.1", "192.0.2.1"),
        ("127.0.0.1", "127.0.0.1, 192.0.2.1", "192.0.2.1"),
        # A proxy behind a proxy.
        ("127.0.0.1", "1.2.3.4, 192.0.2.1, 10.1.2.3", "192.0.2.1"),
        ("127.0.0.1", "10.0.0.1, 10.0.0.2", "10.0.0.1"),
        # A text that is no address ends the search.
        ("127.0.0.1", "unknown", "127.0.0.1"),
        ("127.0.0.1", "192.0.2.1, unknown, 10.0.0.2", "10.0.0.2"),
        ("127.0.0.1", "192.0.2.1:4711", "127.0.0.1"),
    ],
)
def test_a_trusted_proxys_word_is_taken(peer: str, forwarded: str | None, client: str) -> None:
    assert found(peer, forwarded) == client


def test_with_any_proxy_trusted_the_peers_word_is_taken_and_no_others(settings: Any) -> None:
    settings.FORWARDED_ALLOW_IPS = ["*"]

    assert found("192.0.2.1", "1.2.3.4, 203.0.113.9") == "203.0.113.9"
    assert found("192.0.2.1") == "192.0.2.1"


@pytest.mark.parametrize("peer", ["", "unix"])
def test_a_socket_has_no_address(peer: str) -> None:
    assert found(peer, "192.0.2.1") is None


def test_an_address_is_written_in_one_way() -> None:
    assert found("::ffff:192.0.2.1") == "192.0.2.1"
    assert found("fe80::1%eth0") == "fe80::1"
