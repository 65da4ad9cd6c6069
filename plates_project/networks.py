"""Checks the networks in settings."""

from ipaddress import ip_network

from marshmallow import ValidationError

ANY = "*"


def all_are_networks(texts: list[str]) -> None:
    """Raises ValidationError unless each is an address, a network like `10.0.0.0/8`, or `*`."""
    for text in texts:
        if text != ANY:
            _check(text)


def _check(text: str) -> None:
    try:
        ip_network(text)
    except ValueError as error:
        raise ValidationError(str(error)) from error
