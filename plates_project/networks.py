"""Networks, as settings name them."""

from ipaddress import ip_network

from marshmallow import ValidationError

ANY = "*"


def all_are_networks(texts: list[str]) -> None:
    """Each an address, a network such as `10.0.0.0/8`, or `*` for any. Raises ValidationError."""
    for text in texts:
        if text != ANY:
            _check(text)


def _check(text: str) -> None:
    try:
        ip_network(text)
    except ValueError as error:
        raise ValidationError(str(error)) from error
