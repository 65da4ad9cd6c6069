"""The routes of the whole service."""

urlpatterns: list[object] = []
