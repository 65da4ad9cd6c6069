"""One statement delivers, guarded or not: the guard agrees with the rules, and changes nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.domain.errors import InvalidCommand
from streams.domain.ids import NO_ID, EntryId
from streams.domain.lag import entries_read_after
from streams.domain.plates import PlateId
from streams.models import Consumer, ConsumerGroup, Entry, PendingEntry, Plate, Stream
from streams.operations.delivering import (
    Delivered,
    DeliveredEntries,
    GroupPosition,
    GroupRead,
    GuardedOutcome,
    NotDecided,
    NothingNew,
    deliver_guarded,
)
from streams.store import deliveries, groups, session
from streams.store.deliveries import FAR_FROM_WRAPPING, Delivery
from tests.connections import connect
from tests.loop import run

OWNERS = ("reader", "other")
NOW = 1_000
EXAMPLES = 150


@dataclass(frozen=True)
class State:
    """A stream and a group of it as they may be, and what is asked for.

    The length and the first ID are those of the entries, for whoever adds or removes some keeps
    them so. All else can be set to contradict that (XSETID, XGROUP SETID), and may have wrapped.
    """

    entries: list[EntryId]
    last_generated_id: EntryId
    max_deleted_id: EntryId
    entries_added: int
    last_delivered_id: EntryId
    entries_read: int | None
    pending: dict[EntryId, str]
    count: int | None
    no_ack: bool


ids = st.builds(EntryId, st.integers(1, 6), st.integers(0, 1))
near_the_ends = st.builds(
    lambda end, step: max(-(2**63), min(end + step, 2**63 - 1)),
    st.sampled_from([-(2**63), FAR_FROM_WRAPPING, 2**63 - 1]),
    st.integers(-3, 3),
)


@st.composite
def states(draw: st.DrawFn) -> State:
    """Every second state is plain in each way, so that many are so in all."""

    def mostly(plain: Any, strange: st.SearchStrategy[Any]) -> Any:
        return draw(strange) if draw(st.integers(0, 3)) == 0 else plain

    entries = sorted(draw(st.sets(ids, max_size=8)))
    newest = entries[-1] if entries else NO_ID
    last_generated_id = max(newest, draw(ids | st.just(newest)))
    added = len(entries) + draw(st.integers(0, 3))
    owners = st.sampled_from(OWNERS)
    return State(
        entries,
        last_generated_id,
        mostly(NO_ID, ids),
        mostly(added, st.integers(-1, 4) | near_the_ends),
        draw(ids | st.just(NO_ID)),
        mostly(draw(st.integers(0, 5)), st.none() | st.integers(-9, -1) | near_the_ends),
        mostly({}, st.dictionaries(ids, owners, max_size=6)),
        draw(st.none() | st.integers(1, 4)),
        mostly(False, st.booleans()),
    )


@pytest.fixture
def plate(db: None) -> PlateId:
    return PlateId(Plate.objects.create(name="plate").pk)


def build(plate: PlateId, state: State, key: str = "k") -> None:
    """Have this state and nothing else."""
    for model in (PendingEntry, Consumer, ConsumerGroup, Entry, Stream):
        model.objects.filter(plate_id=plate).delete()
    first = state.entries[0] if state.entries else NO_ID
    stream = Stream.objects.create(
        plate_id=plate,
        key=key,
        length=len(state.entries),
        entries_added=state.entries_added,
        **columns("last_generated", state.last_generated_id),
        **columns("recorded_first", first),
        **columns("max_deleted", state.max_deleted_id),
    )
    group = ConsumerGroup.objects.create(
        plate_id=plate,
        stream=stream,
        name="g",
        entries_read=state.entries_read,
        **columns("last_delivered", state.last_delivered_id),
    )
    Entry.objects.bulk_create(
        Entry(plate_id=plate, stream=stream, ms=ms, seq=seq, fields='["f", "v"]')
        for ms, seq in state.entries
    )
    owned = list(state.pending.values())
    consumers = {
        name: Consumer.objects.create(
            plate_id=plate, group=group, name=name, seen_at=1, pending_count=owned.count(name)
        )
        for name in set(owned)
    }
    PendingEntry.objects.bulk_create(
        PendingEntry(
            plate_id=plate,
            group=group,
            ms=ms,
            seq=seq,
            consumer=consumers[owner],
            delivered_at=1,
            delivery_count=7,
        )
        for (ms, seq), owner in state.pending.items()
    )


def columns(name: str, entry_id: EntryId) -> dict[str, int]:
    return {f"{name}_ms": entry_id.ms, f"{name}_seq": entry_id.seq}


def deliver(plate: PlateId, *keys: str, **changes: Any) -> dict[str, Delivery]:
    """A plain read by `reader`, as its caller does it: locks, delivers, corrects the counts."""
    words: dict[str, Any] = {
        "guarded": True,
        "count": None,
        "no_ack": False,
        "gives_way": False,
        "places": [],
        "passed_over": [],
        "now_ms": NOW,
    } | changes
    return run(_deliver(plate, keys, words))


async def _deliver(
    plate: PlateId, keys: Sequence[str], words: dict[str, Any]
) -> dict[str, Delivery]:
    async with session.transaction():
        await groups.lock_all(plate, keys, "g")
        deferred = await deliveries.deliver(plate, keys, "g", "reader", **words)
        delivered = await deferred.result()
        if not words["guarded"]:
            for delivery in delivered.values():
                await correct(delivery)
    return delivered


async def correct(delivery: Delivery) -> None:
    right = rightly_read(delivery)
    if delivery.ids and right != delivery.written_entries_read:
        last = delivery.ids[-1]
        await groups.save(replace(delivery.group, last_delivered_id=last, entries_read=right))


def rightly_read(delivery: Delivery) -> int | None:
    """By the rules, from what an unguarded delivery tells."""
    group = delivery.group
    return entries_read_after(
        delivery.stream, group.last_delivered_id, group.entries_read, delivery.ids
    )


def rows(plate: PlateId) -> dict[str, list[Any]]:
    """All that a delivery may change, and its stream, without numbers that rows are given."""
    return {
        "streams": list(Stream.objects.filter(plate_id=plate).values_list("key", "signals")),
        "groups": list(
            ConsumerGroup.objects.filter(plate_id=plate).values_list(
                "name", "last_delivered_ms", "last_delivered_seq", "entries_read"
            )
        ),
        "consumers": sorted(
            Consumer.objects.filter(plate_id=plate).values_list(
                "name", "seen_at", "active_at", "pending_count"
            )
        ),
        "pending": sorted(
            PendingEntry.objects.filter(plate_id=plate).values_list(
                "ms", "seq", "consumer__name", "delivered_at", "delivery_count"
            )
        ),
    }


def expected_pending(state: State, delivered: list[EntryId]) -> list[Any]:
    """The pending entries list after these were delivered (ST-8)."""
    found = {entry_id: (owner, 1, 7) for entry_id, owner in state.pending.items()}
    if not state.no_ack:
        found |= dict.fromkeys(delivered, ("reader", NOW, 1))
    return sorted((ms, seq, *row) for (ms, seq), row in found.items())


def counts_and_lists(plate: PlateId) -> tuple[dict[str, int], dict[str, int]]:
    """How many pending entries each consumer has, by its own count and by the list."""
    owners = [row[2] for row in rows(plate)["pending"]]
    counts = {name: count for name, _, _, count in rows(plate)["consumers"]}
    return counts, {name: owners.count(name) for name in counts}


def test_the_guard_agrees_with_the_rules(plate: PlateId) -> None:
    """It delivers only where the count that it writes is right; else it changes nothing."""
    outcomes: list[bool] = []

    @settings(
        max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    @given(states())
    def check(state: State) -> None:
        build(plate, state)
        before = rows(plate)
        guarded = deliver(plate, "k", count=state.count, no_ack=state.no_ack)
        after = rows(plate)
        outcomes.append(bool(guarded))
        if not guarded:
            assert after == before
        else:
            build(plate, state)
        unguarded = deliver(plate, "k", guarded=False, count=state.count, no_ack=state.no_ack)
        if guarded:
            assert guarded["k"].written_entries_read == rightly_read(unguarded["k"])
            assert guarded["k"].elements == unguarded["k"].elements
            assert rows(plate) == after
        assert_delivered(plate, state, unguarded["k"])

    check()
    assert EXAMPLES // 10 < sum(outcomes) < EXAMPLES * 9 // 10


def assert_delivered(plate: PlateId, state: State, delivery: Delivery) -> None:
    """The rows are as the rules say."""
    new = [entry_id for entry_id in state.entries if entry_id > state.last_delivered_id]
    delivered = new[: state.count]
    assert delivery.ids == delivered
    assert delivery.entry_count == len(delivered)
    last = delivered[-1] if delivered else state.last_delivered_id
    found = rows(plate)
    assert found["groups"] == [("g", *last, rightly_read(delivery))]
    assert found["pending"] == expected_pending(state, delivered)
    counts, lists = counts_and_lists(plate)
    assert counts == lists
    seen = {name: (seen_at, active_at) for name, seen_at, active_at, _ in found["consumers"]}
    assert seen["reader"] == (NOW, NOW if delivered and not state.no_ack else None)
    assert seen.get("other", (1, None)) == (1, None)


PLAIN = State(
    entries=[EntryId(ms, 0) for ms in (1, 2, 3)],
    last_generated_id=EntryId(3, 0),
    max_deleted_id=NO_ID,
    entries_added=3,
    last_delivered_id=NO_ID,
    entries_read=0,
    pending={},
    count=None,
    no_ack=False,
)


@pytest.mark.parametrize("entries_added", [-(2**63), 2**63 - 1])
@pytest.mark.parametrize("entries_read", [None, -(2**63), 0, 2**63 - 1])
def test_counters_at_their_ends_are_left_to_the_rules_gen_20(
    plate: PlateId, entries_added: int, entries_read: int | None
) -> None:
    state = replace(PLAIN, entries_added=entries_added, entries_read=entries_read)
    build(plate, state)
    assert not deliver(plate, "k")
    unguarded = deliver(plate, "k", guarded=False)
    assert_delivered(plate, state, unguarded["k"])


@pytest.mark.parametrize(
    ("owners", "expected"),
    [
        (["reader", "reader"], {"reader": 3}),
        (["other", "other"], {"reader": 3, "other": 0}),
        (["reader", "other"], {"reader": 3, "other": 0}),
    ],
)
def test_entries_that_are_pending_already_change_hands_st_8(
    plate: PlateId, owners: list[str], expected: dict[str, int]
) -> None:
    state = replace(PLAIN, pending=dict(zip(PLAIN.entries, owners, strict=False)))
    build(plate, state)
    assert not deliver(plate, "k")
    assert deliver(plate, "k", guarded=False)
    assert rows(plate)["pending"] == expected_pending(state, state.entries)
    assert counts_and_lists(plate) == (expected, expected)


def test_pending_entries_above_the_page_keep_their_owner(plate: PlateId) -> None:
    build(plate, replace(PLAIN, pending={EntryId(3, 0): "other"}))
    assert deliver(plate, "k", guarded=False, count=2)
    assert rows(plate)["pending"][-1] == (3, 0, "other", 1, 7)


def test_without_acknowledgement_pending_entries_stay_as_they_are_xrg_10(plate: PlateId) -> None:
    state = replace(PLAIN, pending={EntryId(2, 0): "other"}, no_ack=True)
    build(plate, state)
    assert deliver(plate, "k", guarded=False, no_ack=True)
    assert rows(plate)["pending"] == expected_pending(state, [])
    assert rows(plate)["consumers"] == [("other", 1, None, 1), ("reader", NOW, None, 0)]


def test_the_state_before_the_delivery_comes_with_it(plate: PlateId) -> None:
    build(plate, replace(PLAIN, entries_added=9, last_delivered_id=EntryId(1, 0), entries_read=5))
    Stream.objects.update(signals=4)
    delivery = deliver(plate, "k", count=1)["k"]
    assert (delivery.stream.entries_added, delivery.stream.length) == (9, 3)
    assert delivery.stream.recorded_first_entry_id == EntryId(1, 0)
    assert delivery.stream.last_generated_id == EntryId(3, 0)
    assert (delivery.stream.name, delivery.signals) == ((plate, "k"), 4)
    assert (delivery.group.last_delivered_id, delivery.group.entries_read) == (EntryId(1, 0), 5)
    assert (delivery.written_entries_read, delivery.entry_count) == (6, 1)
    assert delivery.elements == '["2-0",["f", "v"]]'


class TestSeveralStreams:
    @pytest.fixture(autouse=True)
    def second_stream(self, plate: PlateId) -> None:
        """The stream k, and beside it the stream k2, which is empty."""
        build(plate, PLAIN)
        stream = Stream.objects.create(plate_id=plate, key="k2")
        ConsumerGroup.objects.create(plate_id=plate, stream=stream, name="g", entries_read=0)

    def test_all_are_answered_be_there_nothing_new(self, plate: PlateId) -> None:
        found = deliver(plate, "k", "k2")
        assert {key: found[key].entry_count for key in found} == {"k": 3, "k2": 0}

    def test_one_that_is_not_plain_holds_all_up(self, plate: PlateId) -> None:
        ConsumerGroup.objects.filter(stream__key=b"k2").update(entries_read=None)
        before = rows(plate)
        assert not deliver(plate, "k", "k2")
        assert rows(plate) == before

    @pytest.mark.parametrize("guarded", [True, False])
    def test_one_without_the_group_holds_all_up(self, plate: PlateId, guarded: bool) -> None:
        before = rows(plate)
        assert not deliver(plate, "k", "k3", guarded=guarded)
        assert rows(plate) == before


class TestTheLine:
    PROCESS = 4711
    OTHER_PROCESS = 4712

    @pytest.fixture(autouse=True)
    def living_processes(self, plate: PlateId) -> Iterator[None]:
        """Both processes live, and the group has something new."""
        build(plate, PLAIN)
        with connect() as others:
            for process in (self.PROCESS, self.OTHER_PROCESS):
                others.execute("SELECT pg_advisory_lock(%s)", [process])
            yield

    def place(self, plate: PlateId, process: int = PROCESS, **changes: Any) -> int:
        """A place at the end of the group's line."""
        values = {"expires_at": NOW + 1, "asleep_at_signals": None} | changes
        group = ConsumerGroup.objects.get(plate_id=plate)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO waiting_reader"
                " (plate_id, group_id, process, expires_at, asleep_at_signals)"
                " VALUES (%s, %s, %s, %s, %s) RETURNING id",
                [plate, group.pk, process, values["expires_at"], values["asleep_at_signals"]],
            )
            return int(cursor.fetchone()[0])

    def places(self, plate: PlateId) -> list[int]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM waiting_reader WHERE plate_id = %s ORDER BY id", [plate])
            return [row[0] for row in cursor.fetchall()]

    def test_a_reader_gives_way_to_a_place_before_its_own(self, plate: PlateId) -> None:
        first, own = self.place(plate), self.place(plate)
        before = rows(plate)
        assert not deliver(plate, "k", gives_way=True, places=[own])
        assert rows(plate) == before
        assert self.places(plate) == [first, own]

    def test_a_reader_without_a_place_gives_way_to_any(self, plate: PlateId) -> None:
        self.place(plate)
        assert not deliver(plate, "k", gives_way=True)

    def test_a_place_behind_its_own_does_not_matter(self, plate: PlateId) -> None:
        own, last = self.place(plate), self.place(plate)
        assert deliver(plate, "k", gives_way=True, places=[own])
        assert self.places(plate) == [last]

    def test_a_process_that_is_passed_over_does_not_matter(self, plate: PlateId) -> None:
        self.place(plate, self.OTHER_PROCESS)
        own = self.place(plate)
        passed_over = [self.OTHER_PROCESS]
        assert deliver(plate, "k", gives_way=True, places=[own], passed_over=passed_over)

    @pytest.mark.parametrize(
        "changes", [{"asleep_at_signals": 0}, {"expires_at": NOW}, {"process": 4713}]
    )
    def test_who_takes_nothing_new_does_not_matter(
        self, plate: PlateId, changes: dict[str, int]
    ) -> None:
        """For it sleeps through it, has no time left, or its process is gone."""
        self.place(plate, **changes)
        assert deliver(plate, "k", gives_way=True)

    def test_who_does_not_wait_gives_way_to_nobody(self, plate: PlateId) -> None:
        self.place(plate)
        assert deliver(plate, "k")

    def test_the_line_is_no_matter_without_the_guard(self, plate: PlateId) -> None:
        first, own = self.place(plate), self.place(plate)
        assert deliver(plate, "k", guarded=False, gives_way=True, places=[own])
        assert self.places(plate) == [first]

    @pytest.mark.parametrize("guarded", [True, False])
    def test_places_are_kept_where_nothing_is_new(self, plate: PlateId, guarded: bool) -> None:
        Entry.objects.filter(plate_id=plate).delete()
        own = self.place(plate)
        assert deliver(plate, "k", guarded=guarded, places=[own])
        assert self.places(plate) == [own]


class TestOutcomes:
    """What the guarded way says of a read."""

    def read(self, plate: PlateId, *positions: GroupPosition) -> GuardedOutcome:
        read = GroupRead(plate, "g", "reader", positions, count=2, no_ack=False)
        return run(deliver_guarded(read))

    def test_what_is_new_is_delivered_with_its_number(self, plate: PlateId) -> None:
        build(plate, PLAIN)
        outcome = self.read(plate, GroupPosition("k", ">"))
        elements = '["1-0",["f", "v"]],["2-0",["f", "v"]]'
        assert outcome == Delivered({"k": [DeliveredEntries(2, elements)]})

    def test_where_nothing_is_new_it_tells_the_groups_and_signals(self, plate: PlateId) -> None:
        build(plate, replace(PLAIN, last_delivered_id=EntryId(3, 0), entries_read=3))
        Stream.objects.update(signals=4)
        outcome = self.read(plate, GroupPosition("k", ">"))
        assert isinstance(outcome, NothingNew)
        assert [group.name for group in outcome.groups] == ["g"]
        assert outcome.signals == {Stream.objects.get().pk: 4}

    @pytest.mark.parametrize(
        "positions",
        [
            [GroupPosition("k", EntryId(0, 0))],
            [GroupPosition("k", InvalidCommand("ERR"))],
            [GroupPosition("k", ">"), GroupPosition("k", ">")],
            [GroupPosition("k", ">"), GroupPosition("missing", ">")],
        ],
        ids=["history", "refusal", "a stream twice", "a missing stream"],
    )
    def test_it_decides_nothing_else_and_changes_nothing(
        self, plate: PlateId, positions: list[GroupPosition]
    ) -> None:
        build(plate, PLAIN)
        before = rows(plate)
        assert self.read(plate, *positions) == NotDecided()
        assert rows(plate) == before

    def test_it_does_not_decide_where_the_rules_must(self, plate: PlateId) -> None:
        build(plate, replace(PLAIN, pending={EntryId(2, 0): "other"}))
        assert self.read(plate, GroupPosition("k", ">")) == NotDecided()
