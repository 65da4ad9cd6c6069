"""Whom a request comes from, also behind proxies."""

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, TypeAlias

from django.conf import settings

Address: TypeAlias = IPv4Address | IPv6Address

ANY_PEER = "*"


def client_address(meta: Mapping[str, Any]) -> Address | None:
    """The client's address, of a request's META; None if the peer has none, as on a Unix socket.

    X-Forwarded-For is believed only as far as it was written by FORWARDED_ALLOW_IPS: its last
    address is what the peer saw, the one before what that one saw if it is trusted too, and so on.
    What a client writes itself stands before all these. With `*` the peer alone is trusted.
    """
    client = _address(meta.get("REMOTE_ADDR", ""))
    if client is None or not (ANY_PEER in settings.FORWARDED_ALLOW_IPS or _is_trusted(client)):
        return client
    for hop in _forwarded(meta):
        client = hop
        if not _is_trusted(hop):
            break
    return client


def is_trusted_peer(peer: str) -> bool:
    """Whether the headers of this peer are believed, by which proxies tell of their clients."""
    address = _address(peer)
    return ANY_PEER in settings.FORWARDED_ALLOW_IPS or (
        address is not None and _is_trusted(address)
    )


def _forwarded(meta: Mapping[str, Any]) -> Iterable[Address]:
    """The addresses of X-Forwarded-For, the last one first. A text that is no address ends them."""
    for hop in reversed(meta.get("HTTP_X_FORWARDED_FOR", "").split(",")):
        address = _address(hop.strip())
        if address is None:
            return
        yield address


def _is_trusted(address: Address) -> bool:
    networks = (text for text in settings.FORWARDED_ALLOW_IPS if text != ANY_PEER)
    return any(address in ip_network(text) for text in networks)


def _address(text: str) -> Address | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
