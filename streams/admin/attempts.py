"""Failed logins: how many are allowed from where, and what the page and the log say of them."""

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
"""An address is locked out for all names after so many times the failures that lock out one."""

MAX_NAME_CHARACTERS = 150
"""As long as user names get; what is longer is cut before it is kept or logged."""

IPV6_NETWORK_BITS = 64
"""What one subscriber has of IPv6, and may choose addresses from."""

log = logging.getLogger("plates.login")


class FailedLogins(AxesDatabaseHandler):  # type: ignore[misc]
    """Counts failures of a user name at an address, and those of an address under any names.

    Nobody can lock out a user at other addresses than their own, as one could if names were
    counted wherever they come from.
    """

    def get_failures(self, request: Any, credentials: dict[str, Any] | None = None) -> int:
        """The failures of name and address, or the address' share per name if that is more."""
        of_name, of_address = (
            attempts.aggregate(sum=Sum("failures_since_start"))["sum"] or 0
            for attempts in self.get_user_attempts(request, credentials)
        )
        return int(max(of_name, of_address // NAMES_OF_AN_ADDRESS))

    def reset_user_attempts(self, request: Any, credentials: dict[str, Any] | None = None) -> int:
        """Forget the failures of who logs in; the address' others still count.

        Otherwise an operator could guess at other passwords for ever, and log in in between.
        """
        name = get_client_username(request, credentials)
        attempts = AccessAttempt.objects.filter(username=name, ip_address=request.axes_ip_address)
        return int(attempts.delete()[0])


def counted_name(request: Any, credentials: dict[str, Any] | None) -> str:
    """The user name as it is counted."""
    name = (credentials or {}).get("username") or request.POST.get("username") or ""
    return str(name)[:MAX_NAME_CHARACTERS]


def counted_address(request: HttpRequest) -> str | None:
    """The address as it is counted: of IPv6, the network."""
    address = client_address(request.META)
    if isinstance(address, IPv6Address):
        return str(ip_network((address, IPV6_NETWORK_BITS), strict=False).network_address)
    return str(address) if address else None


def locked_out(request: HttpRequest, *_: Any) -> HttpResponse:
    """The page for somebody who may not try again for now."""
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
    # Set by axes, which hears of it first.
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
