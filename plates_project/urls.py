"""The routes of the whole service."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from streams.admin.login import login
from streams.api import health
from streams.api.urls import by_method

urlpatterns = [
    path("", by_method(GET=health.index)),
    path("healthz", by_method(GET=health.healthz)),
    path("readyz", by_method(GET=health.readyz)),
    path("admin", by_method(GET=RedirectView.as_view(url="/admin/"))),
    # This comes before the console's own login page, which it calls.
    path("admin/login/", login),
    path("admin/", admin.site.urls),
    path("", include("streams.api.urls")),
]

handler400 = "plates_project.error_handlers.bad_request"
handler403 = "plates_project.error_handlers.forbidden"
handler404 = "plates_project.error_handlers.not_found"
handler500 = "plates_project.error_handlers.server_error"
