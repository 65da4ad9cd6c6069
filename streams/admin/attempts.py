"""Counts failed logins, shows a page to those who are locked out, and logs every attempt."""

import logging
from ipaddress import IPv6Address, ip_network
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_client_username
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.db.models import Sum
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse

from streams.admin import refusals, shown
from streams.client_address import client_address

NAMES_OF_AN_ADDRESS = 4
"""An address is locked out for all names after this many times the failures that lock one name."""

MAX_NAME_CHARACTERS = 150
"""The length of the longest user name. A longer text is cut before it is stored or logged."""

IPV6_NETWORK_BITS = 64
"""The prefix length of a subscriber's network, in which they may choose any IPv6 address."""

log = logging.getLogger("plates.login")


class FailedLogins(AxesDatabaseHandler):  # type: ignore[misc]
    """Counts the failures of each user name at each address, and of each address in all.

    It does not count a user name over all addresses: then anybody could lock out a user who logs
    in from elsewhere.
    """

    def get_failures(self, request: Any, credentials: dict[str, Any] | None = None) -> int:
        """The name's failures at the address, or the address' share per name if it is higher."""
        of_name, of_address = (
            attempts.aggregate(sum=Sum("failures_since_start"))["sum"] or 0
            for attempts in self.get_user_attempts(request, credentials)
        )
        return int(max(of_name, of_address // NAMES_OF_AN_ADDRESS))

    def reset_user_attempts(self, request: Any, credentials: dict[str, Any] | None = None) -> int:
        """Forget the failures of the user who has logged in. Those of other names still count.

        Otherwise an operator could guess the passwords of others for ever: each login of their own
        would set the count to zero.
        """
        name = get_client_username(request, credentials)
        attempts = AccessAttempt.objects.filter(username=name, ip_address=request.axes_ip_address)
        return int(attempts.delete()[0])


def counted_name(request: Any, credentials: dict[str, Any] | None) -> str:
    """The user name whose failures are counted."""
    name = (credentials or {}).get("username") or request.POST.get("username") or ""
    return str(name)[:MAX_NAME_CHARACTERS]


def counted_address(request: HttpRequest) -> str | None:
    """The address whose failures are counted; for an IPv6 address, that of its network."""
    address = client_address(request.META)
    if isinstance(address, IPv6Address):
        return str(ip_network((address, IPV6_NETWORK_BITS), strict=False).network_address)
    return str(address) if address else None


def locked_out(request: HttpRequest, *_: Any) -> HttpResponse:
    """The page for somebody who may not log in for now."""
    minutes = settings.LOGIN_COOLOFF_MINUTES
    return refusals.page(
        request,
        429,
        "Too many failed logins",
        f"Nobody can log in with this user name from here for {minutes} minutes after the last "
        "failure. An administrator of the server can lift this.",
        {"Retry-After": str(minutes * 60)},
    )


@receiver(user_login_failed)
def _log_failure(credentials: dict[str, Any], request: Any = None, **_: Any) -> None:
    # axes receives the signal first, and sets this attribute.
    is_locked_out = getattr(request, "axes_locked_out", False)
    name = counted_name(request, credentials)
    _log(logging.WARNING, "login locked out" if is_locked_out else "login failed", name, request)


@receiver(user_logged_in)
def _log_success(user: AbstractBaseUser, request: HttpRequest, **_: Any) -> None:
    _log(logging.INFO, "login succeeded", user.get_username(), request)


def _log(level: int, message: str, name: str, request: HttpRequest | None) -> None:
    address = client_address(request.META) if request else None
    user = shown.plain(name[:MAX_NAME_CHARACTERS])
    log.log(level, message, extra={"user": user, "address": str(address) if address else None})
