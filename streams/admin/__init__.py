"""The operators' console at /admin/. It shows the data, and changes nothing but its own users."""

from django.contrib import admin

from streams.admin import accounts, groups, plates, streams

__all__ = ["accounts", "groups", "plates", "streams"]

admin.site.index_title = "Console"
