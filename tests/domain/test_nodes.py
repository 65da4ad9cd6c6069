"""Storage nodes: where they end, and which of them a `~` trim takes (TRIM-15 to TRIM-19).

The byte counts were read from a real server: XADD, then the listpack's length in DUMP's reply.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest

from streams.domain.ids import MAX_ID, MAX_PART, EntryId
from streams.domain.nodes import (
    IMPLICIT_LIMIT,
    NODE_MAX_BYTES,
    NODE_MAX_ENTRIES,
    SealedNode,
    TailNode,
    add_to_tail,
    nodes_to_drop,
    trimmed,
    without,
)


def filled(*entries: list[str]) -> list[SealedNode]:
    """All nodes of a stream with these entries as 1-0, 2-0, …, the tail node last."""
    added = [(EntryId(ms, 0), fields) for ms, fields in enumerate(entries, start=1)]
    tail, sealed = add_to_tail(None, added)
    return [*sealed, SealedNode(tail.last_slot_id, tail.live)] if tail else sealed


def tail_of(*entries: tuple[EntryId, list[str]]) -> TailNode:
    """The tail node of a stream with these entries."""
    tail, _ = add_to_tail(None, entries)
    assert tail is not None
    return tail


def bytes_of(*values: str) -> int:
    """What the tail node weighs with one entry `f value` for each value."""
    return tail_of(*((EntryId(1, seq), ["f", value]) for seq, value in enumerate(values))).bytes


def removed(
    nodes: list[SealedNode],
    *,
    max_length: int | None = None,
    min_id: EntryId | None = None,
    limit: int = IMPLICIT_LIMIT,
) -> int:
    """How many entries a `~` trim of a stream with these nodes removes."""
    length = sum(node.live for node in nodes)
    gone = dropped(nodes, length, max_length=max_length, min_id=min_id, limit=limit)
    assert gone == nodes[: len(gone)]
    return sum(node.live for node in gone)


def dropped(
    nodes: list[SealedNode],
    length: int,
    *,
    max_length: int | None = None,
    min_id: EntryId | None = None,
    limit: int = 0,
) -> list[SealedNode]:
    """The nodes that a `~` trim of a stream of that length drops."""
    work = nodes_to_drop(
        one_by_one(nodes), length=length, max_length=max_length, min_id=min_id, limit=limit
    )
    return asyncio.run(work)


async def one_by_one(nodes: list[SealedNode]) -> AsyncIterator[SealedNode]:
    """The nodes as they come from the database."""
    for node in nodes:
        yield node


ONE_FIELD = ["f", "v"]
NODES_OF_250 = filled(*[ONE_FIELD] * 250)


class TestFilling:
    def test_the_limits_are_those_of_the_reference(self) -> None:
        assert (NODE_MAX_ENTRIES, NODE_MAX_BYTES, IMPLICIT_LIMIT) == (100, 4096, 10_000)

    def test_the_first_entry_opens_a_node(self) -> None:
        tail, sealed = add_to_tail(None, [(EntryId(5, 1), ONE_FIELD)])
        assert tail is not None
        assert not sealed
        assert (tail.master_id, tail.last_slot_id) == (EntryId(5, 1), EntryId(5, 1))
        assert (tail.slots, tail.live) == (1, 1)

    def test_an_entry_joins_the_node_that_has_room(self) -> None:
        first = tail_of((EntryId(5, 1), ONE_FIELD))
        tail, sealed = add_to_tail(first, [(EntryId(6, 0), ONE_FIELD)])
        assert tail is not None
        assert not sealed
        assert (tail.master_id, tail.last_slot_id) == (EntryId(5, 1), EntryId(6, 0))
        assert (tail.slots, tail.live) == (2, 2)

    @pytest.mark.parametrize(
        ("count", "live"), [(99, [99]), (100, [100]), (101, [100, 1]), (201, [100, 100, 1])]
    )
    def test_a_node_takes_100_entries(self, count: int, live: list[int]) -> None:
        assert [node.live for node in filled(*[ONE_FIELD] * count)] == live

    def test_ten_values_of_1000_bytes_occupy_three_nodes_trim_19(self) -> None:
        nodes = filled(*[["f", "x" * 1000]] * 10)
        assert nodes == [
            SealedNode(EntryId(4, 0), 4),
            SealedNode(EntryId(8, 0), 4),
            SealedNode(EntryId(10, 0), 2),
        ]

    def test_tombstones_keep_their_slots(self) -> None:
        full = tail_of(*((EntryId(ms, 0), ONE_FIELD) for ms in range(1, 101)))
        thinned = without(full, 60)
        tail, sealed = add_to_tail(thinned, [(EntryId(101, 0), ONE_FIELD)])
        assert tail is not None
        assert sealed == [SealedNode(EntryId(100, 0), 40)]
        assert (tail.slots, tail.live) == (1, 1)

    # A node of "f" and "v" weighs 29 bytes; the new words count with their plain length.
    @pytest.mark.parametrize(("value_size", "nodes"), [(4065, 1), (4066, 2)])
    def test_a_node_ends_where_the_new_words_would_bring_it_to_4096_bytes(
        self, value_size: int, nodes: int
    ) -> None:
        assert bytes_of("v") == 29
        assert len(filled(ONE_FIELD, ["f", "x" * value_size])) == nodes

    def test_a_character_counts_with_its_utf_8_bytes(self) -> None:
        assert len(filled(ONE_FIELD, ["f", "é" * 2032])) == 1
        assert len(filled(ONE_FIELD, ["f", "é" * 2033])) == 2

    def test_a_single_entry_may_exceed_the_limit(self) -> None:
        assert [node.live for node in filled(["f", "x" * 9000], ONE_FIELD)] == [1, 1]


class TestBytes:
    @pytest.mark.parametrize(
        ("value", "size"),
        [
            ("", 28),
            ("x" * 63, 91),
            ("x" * 64, 93),
            ("x" * 125, 154),
            ("x" * 126, 156),
            ("x" * 4095, 4125),
            ("x" * 4096, 4129),
            ("x" * 16377, 16410),
            ("x" * 16378, 16412),
            ("é", 30),
        ],
    )
    def test_a_string_costs_its_bytes_and_two_lengths(self, value: str, size: int) -> None:
        assert bytes_of(value) == size

    @pytest.mark.parametrize(
        ("value", "size"),
        [
            ("0", 28),
            ("127", 28),
            ("128", 29),
            ("-1", 29),
            ("4095", 29),
            ("4096", 30),
            ("-4096", 29),
            ("-4097", 30),
            ("32767", 30),
            ("32768", 31),
            ("-32768", 30),
            ("8388607", 31),
            ("8388608", 32),
            ("2147483647", 32),
            ("2147483648", 36),
            ("-2147483648", 32),
            ("9223372036854775807", 36),
            ("-9223372036854775808", 36),
        ],
    )
    def test_an_integer_costs_what_its_value_needs(self, value: str, size: int) -> None:
        assert bytes_of(value) == size

    @pytest.mark.parametrize(
        "text",
        ["9223372036854775808", "-9223372036854775809", "007", "-0", "+1", "1 ", "1_0", "٣", "-"],
    )
    def test_other_numbers_are_strings(self, text: str) -> None:
        assert bytes_of(text) == 28 + len(text.encode())

    def test_equal_field_names_are_stored_once(self) -> None:
        assert bytes_of("v", "v") - bytes_of("v") == 11

    @pytest.mark.parametrize(("names", "growth"), [(["g"], 16), (["f", "f"], 22), (["F"], 16)])
    def test_other_field_names_are_stored_again(self, names: list[str], growth: int) -> None:
        fields = [word for name in names for word in (name, "v")]
        tail = tail_of((EntryId(1, 0), ONE_FIELD), (EntryId(1, 1), fields))
        assert tail.bytes - bytes_of("v") == growth

    def test_names_are_not_confused_by_where_one_ends(self) -> None:
        split = tail_of((EntryId(1, 0), ["ab", "v", "c", "v"]))
        other = tail_of((EntryId(1, 0), ["a", "v", "bc", "v"]))
        assert split.fields_digest != other.fields_digest

    @pytest.mark.parametrize(
        ("entry_id", "growth"),
        [
            (EntryId(1, 6), 11),
            (EntryId(128, 5), 11),
            (EntryId(129, 5), 12),
            (EntryId(2, 0), 12),
            (EntryId(30_001, 5), 13),
            (EntryId(3_600_001, 5), 14),
            (EntryId(1_700_000_000_000, 5), 19),
            (EntryId(1, MAX_PART), 12),
            (EntryId(1, 2**63), 19),
            (EntryId(MAX_PART, 5), 12),
        ],
    )
    def test_ids_are_stored_as_their_distance_from_the_first(
        self, entry_id: EntryId, growth: int
    ) -> None:
        first = tail_of((EntryId(1, 5), ONE_FIELD))
        tail = tail_of((EntryId(1, 5), ONE_FIELD), (entry_id, ONE_FIELD))
        assert tail.bytes - first.bytes == growth

    def test_a_deletion_changes_no_byte(self) -> None:
        tail = tail_of((EntryId(1, 0), ONE_FIELD), (EntryId(2, 0), ONE_FIELD))
        thinned = without(tail, 1)
        assert thinned is not None
        assert thinned.bytes == tail.bytes


class TestShrinking:
    def test_a_deletion_leaves_a_tombstone_in_its_slot(self) -> None:
        tail = without(tail_of((EntryId(1, 0), ONE_FIELD), (EntryId(2, 0), ONE_FIELD)), 1)
        assert tail is not None
        assert (tail.slots, tail.live, tail.last_slot_id) == (2, 1, EntryId(2, 0))

    def test_a_node_disappears_with_its_last_live_entry_trim_15(self) -> None:
        assert without(tail_of((EntryId(1, 0), ONE_FIELD)), 1) is None

    def test_an_exact_trim_may_leave_nothing_but_tombstones(self) -> None:
        tail = trimmed(tail_of((EntryId(1, 0), ONE_FIELD)), 1)
        assert (tail.slots, tail.live) == (1, 0)


class TestStoring:
    def test_a_node_survives_storing(self) -> None:
        tail = tail_of((EntryId(7, 1), ["ключ", "v"]), (MAX_ID, ONE_FIELD))
        assert TailNode.load(tail.dump()) == tail

    def test_no_node_stays_none(self) -> None:
        assert TailNode.load(None) is None


class TestApproximateTrim:
    @pytest.mark.parametrize(
        ("max_length", "count"), [(250, 0), (151, 0), (150, 100), (51, 100), (50, 200), (0, 250)]
    )
    def test_maxlen_takes_whole_nodes_beyond_the_bound_trim_16(
        self, max_length: int, count: int
    ) -> None:
        assert removed(NODES_OF_250, max_length=max_length) == count

    @pytest.mark.parametrize(("ms", "count"), [(100, 0), (101, 100), (250, 200), (251, 250)])
    def test_minid_takes_nodes_whose_last_slot_is_below_trim_16(self, ms: int, count: int) -> None:
        assert removed(NODES_OF_250, min_id=EntryId(ms, 0)) == count

    @pytest.mark.parametrize(
        ("limit", "count"), [(0, 250), (99, 0), (100, 100), (120, 100), (200, 200), (250, 250)]
    )
    def test_limit_stops_before_the_node_that_would_pass_it_trim_17(
        self, limit: int, count: int
    ) -> None:
        assert removed(NODES_OF_250, min_id=EntryId(1000, 0), limit=limit) == count

    def test_the_examples_of_trim_19(self) -> None:
        assert removed(NODES_OF_250, max_length=151) == 0
        assert removed(NODES_OF_250, max_length=150) == 100
        nodes = NODES_OF_250[1:]
        assert removed(nodes, max_length=120) == 0
        assert removed(nodes, max_length=50, limit=99) == 0
        assert removed(nodes, max_length=50, limit=100) == 100
        assert removed(nodes[1:], max_length=0) == 50

    def test_live_entries_count_for_maxlen_and_slots_for_minid(self) -> None:
        nodes = [SealedNode(EntryId(100, 0), 3), SealedNode(EntryId(101, 0), 1)]
        assert removed(nodes, max_length=1) == 3
        assert removed(nodes, min_id=EntryId(100, 0)) == 0

    def test_a_node_without_live_entries_goes_only_with_others(self) -> None:
        nodes = [SealedNode(EntryId(100, 0), 0), SealedNode(EntryId(200, 0), 5)]
        assert dropped(nodes, 5, max_length=5) == []
        assert dropped(nodes, 5, max_length=4) == nodes[:1]

    def test_a_stream_without_nodes_has_nothing_to_drop(self) -> None:
        assert removed([], max_length=0) == 0
