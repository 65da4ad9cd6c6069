"""The operators' console at /admin/: what there is, to look at. Nothing is changed from here."""

from django.contrib import admin

from streams.admin import accounts, groups, plates, streams

__all__ = ["accounts", "groups", "plates", "streams"]

admin.site.index_title = "Console"
