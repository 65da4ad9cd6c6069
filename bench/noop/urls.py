"""A plain DRF endpoint: it parses a JSON body and answers a constant."""

from django.urls import path
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from plates_project.urls import handler400, handler404, handler500
from streams.api.health import healthz
from streams.api.urls import by_method

__all__ = ["handler400", "handler404", "handler500", "urlpatterns"]


class NoopView(APIView):
    """Takes the body of an add and answers like an add, but adds nothing."""

    authentication_classes = ()
    permission_classes = ()
    parser_classes = (JSONParser,)
    renderer_classes = (JSONRenderer,)

    def post(self, request: Request, plate: str) -> Response:
        assert "key" in request.data
        return Response({"ok": True, "data": {"result": "1700000000000-0"}})


urlpatterns = [
    path("healthz", by_method(GET=healthz)),
    path("<str:plate>/streams/add", by_method(POST=NoopView.as_view())),
]
