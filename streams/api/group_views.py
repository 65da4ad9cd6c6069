"""The endpoints of consumer groups."""

from streams.api import group_shapes
from streams.api.views import BodyView, QueryView
from streams.commands.contract import Scope


class CreateGroupView(BodyView):
    """`POST /groups/create`."""

    scope = Scope.WRITE
    command_name = "XGROUP CREATE"
    shape = group_shapes.CreateGroupShape


class ReadGroupView(BodyView):
    """`POST /groups/read`."""

    scope = Scope.WRITE
    command_name = "XREADGROUP"
    shape = group_shapes.ReadGroupShape


class AcknowledgeView(BodyView):
    """`POST /groups/ack`."""

    scope = Scope.WRITE
    command_name = "XACK"
    shape = group_shapes.AcknowledgeShape


class ClaimView(BodyView):
    """`POST /groups/claim`."""

    scope = Scope.WRITE
    command_name = "XCLAIM"
    shape = group_shapes.ClaimShape


class AutoClaimView(BodyView):
    """`POST /groups/autoclaim`."""

    scope = Scope.WRITE
    command_name = "XAUTOCLAIM"
    shape = group_shapes.AutoClaimShape


class PendingView(QueryView):
    """`GET /groups/pending/{key}/{group}`."""

    command_name = "XPENDING"
    shape = group_shapes.PendingQuery
