"""The endpoints of consumer groups."""

from streams.api import group_shapes
from streams.api.views import BodyView, QueryView
from streams.commands.xack import Acknowledge
from streams.commands.xautoclaim import AutoClaim
from streams.commands.xclaim import Claim
from streams.commands.xgroup import CreateGroup
from streams.commands.xpending import Pending
from streams.commands.xreadgroup import ReadGroup


class CreateGroupView(BodyView):
    """`POST /groups/create`."""

    command = CreateGroup
    shape = group_shapes.CreateGroupShape


class ReadGroupView(BodyView):
    """`POST /groups/read`."""

    command = ReadGroup
    shape = group_shapes.ReadGroupShape


class AcknowledgeView(BodyView):
    """`POST /groups/ack`."""

    command = Acknowledge
    shape = group_shapes.AcknowledgeShape


class ClaimView(BodyView):
    """`POST /groups/claim`."""

    command = Claim
    shape = group_shapes.ClaimShape


class AutoClaimView(BodyView):
    """`POST /groups/autoclaim`."""

    command = AutoClaim
    shape = group_shapes.AutoClaimShape


class PendingView(QueryView):
    """`GET /groups/pending/{key}/{group}`."""

    command = Pending
    shape = group_shapes.PendingQuery
