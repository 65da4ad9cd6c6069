"""The read counter and the lag of consumer groups (LAG-1 to LAG-8)."""

import random
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import pytest

from streams.domain.ids import NO_ID, EntryId
from streams.domain.lag import entries_read_after, lag
from streams.domain.plates import PlateId, StreamName
from streams.domain.streams import Stream

counters = partial(Stream, 1, StreamName(PlateId(1), "events"))


def ids(*all_ms: int) -> list[EntryId]:
    return [EntryId(ms, 0) for ms in all_ms]


def stream_of(*live: int, added: int, max_deleted: int = 0, last: int | None = None) -> Stream:
    """A stream with these entries left of `added`; the last one ever added was `last`."""
    return counters(
        length=len(live),
        last_generated_id=EntryId(added if last is None else last, 0),
        recorded_first_entry_id=EntryId(live[0], 0) if live else NO_ID,
        max_deleted_entry_id=EntryId(max_deleted, 0),
        entries_added=added,
    )


NEW_STREAM = counters(0, NO_ID, NO_ID, NO_ID, 0)
FIVE = stream_of(1, 2, 3, 4, 5, added=5)


class TestLag:
    def test_it_is_zero_in_a_stream_that_never_had_an_entry_lag_3(self) -> None:
        assert lag(NEW_STREAM, EntryId(7, 0), None) == 0

    @pytest.mark.parametrize("entries_read", [None, 0, 3])
    def test_it_is_zero_in_an_emptied_stream_lag_3(self, entries_read: int | None) -> None:
        assert lag(stream_of(added=5, max_deleted=5), NO_ID, entries_read) == 0

    @pytest.mark.parametrize("entries_read", [None, 0, 3])
    def test_it_is_the_length_while_the_group_is_before_the_first_entry_lag_3(
        self, entries_read: int | None
    ) -> None:
        assert lag(FIVE, NO_ID, entries_read) == 5

    def test_it_counts_from_the_read_counter_lag_3(self) -> None:
        assert lag(FIVE, EntryId(3, 0), 3) == 2

    def test_it_is_zero_at_the_last_entry(self) -> None:
        assert lag(FIVE, EntryId(5, 0), None) == 0

    def test_it_is_known_at_the_first_entry_without_a_counter_lag_6(self) -> None:
        stream = counters(3, EntryId(2, 0), EntryId(1, 1), NO_ID, 3)
        assert lag(stream, EntryId(1, 1), None) == 2

    @pytest.mark.parametrize("last_delivered", [3, 6])
    def test_it_is_unknown_at_an_arbitrary_id_without_a_counter_lag_6(
        self, last_delivered: int
    ) -> None:
        assert lag(FIVE, EntryId(last_delivered, 0), None) is None

    @pytest.mark.parametrize(
        ("last_delivered", "expected"), [(1, None), (2, None), (3, None), (4, 1)]
    )
    def test_a_deletion_at_or_after_the_group_makes_it_unknown_lag_1(
        self, last_delivered: int, expected: int | None
    ) -> None:
        stream = stream_of(1, 2, 4, 5, added=5, max_deleted=3)
        assert lag(stream, EntryId(last_delivered, 0), last_delivered) == expected

    def test_a_deletion_counts_only_while_the_first_entry_is_before_it(self) -> None:
        stream = stream_of(4, 5, added=5, max_deleted=3)
        assert lag(stream, NO_ID, None) == 2
        assert lag(stream, EntryId(4, 0), None) == 1

    def test_it_is_negative_if_the_counters_contradict_each_other_lag_7(self) -> None:
        assert lag(FIVE, EntryId(3, 0), 100) == -95


class TestEntriesReadAfter:
    def test_it_stays_if_nothing_was_delivered(self) -> None:
        assert entries_read_after(FIVE, NO_ID, 3, []) == 3
        assert entries_read_after(FIVE, NO_ID, None, []) is None

    def test_it_grows_by_each_entry_lag_4(self) -> None:
        assert entries_read_after(FIVE, EntryId(1, 0), 1, ids(2, 3, 4)) == 4

    @pytest.mark.parametrize(
        ("delivered", "expected"),
        [(ids(1), 1), (ids(1, 2), 2), (ids(2), None), (ids(2, 3, 4), None), (ids(4, 5), 5)],
    )
    def test_an_unknown_counter_is_found_at_either_end_lag_2(
        self, delivered: list[EntryId], expected: int | None
    ) -> None:
        assert entries_read_after(FIVE, NO_ID, None, delivered) == expected

    def test_a_deletion_ahead_makes_it_unknown_lag_4(self) -> None:
        stream = stream_of(1, 2, 4, 5, added=5, max_deleted=3)
        assert entries_read_after(stream, NO_ID, 0, ids(1)) is None
        assert entries_read_after(stream, NO_ID, 0, ids(1, 2, 4)) is None

    def test_the_last_entry_makes_it_known_again_lag_4(self) -> None:
        stream = stream_of(1, 2, 4, 5, added=5, max_deleted=3)
        assert entries_read_after(stream, NO_ID, 0, ids(1, 2, 4, 5)) == 5

    @pytest.mark.parametrize(
        ("live", "delivered", "expected"), [((5,), (5,), 5), ((4, 5), (4,), 4)]
    )
    def test_a_trim_beyond_the_group_counts_as_read_once_it_reads_on_lag_4(
        self, live: tuple[int, ...], delivered: tuple[int, ...], expected: int
    ) -> None:
        trimmed = stream_of(*live, added=5)
        entries_read = entries_read_after(trimmed, EntryId(1, 0), 1, ids(*delivered))
        assert entries_read == expected
        assert lag(trimmed, EntryId(delivered[-1], 0), entries_read) == 5 - expected

    def test_it_agrees_with_the_rule_for_single_entries_lag_4(self) -> None:
        randomness = random.Random(4)
        for _ in range(5000):
            stream, last_delivered, entries_read, delivered = random_delivery(randomness)
            assert entries_read_after(
                stream, last_delivered, entries_read, delivered
            ) == one_by_one(stream, last_delivered, entries_read, delivered)

    def test_the_number_of_entries_gone_wraps_around_gen_20(self) -> None:
        wrapped = replace(FIVE, entries_added=-(2**63))
        assert entries_read_after(wrapped, NO_ID, None, ids(1)) == 2**63 - 4


class TestWorkedCasesOfLag8:
    def test_one_of_five_deleted(self) -> None:
        stream = stream_of(1, 2, 4, 5, added=5, max_deleted=3)
        assert lag(stream, NO_ID, None) is None
        entries_read = entries_read_after(stream, NO_ID, None, ids(1, 2, 4, 5))
        assert entries_read == 5
        assert lag(stream, EntryId(5, 0), entries_read) == 0

    def test_a_trim_up_to_the_deleted_entry(self) -> None:
        trimmed = stream_of(4, 5, added=5, max_deleted=3)
        assert lag(trimmed, NO_ID, None) == 2

    def test_deletions_behind_and_ahead_of_the_group(self) -> None:
        one = stream_of(1, added=1)
        entries_read = entries_read_after(one, NO_ID, None, ids(1))
        ahead = stream_of(1, 3, added=3, max_deleted=2)
        assert (entries_read, lag(ahead, EntryId(1, 0), entries_read)) == (1, None)
        both = stream_of(3, added=3, max_deleted=2)
        assert lag(both, EntryId(1, 0), entries_read) == 1
        entries_read = entries_read_after(both, EntryId(1, 0), entries_read, ids(3))
        assert (entries_read, lag(both, EntryId(3, 0), entries_read)) == (3, 0)

    def test_trims_beyond_the_group(self) -> None:
        entries_read = entries_read_after(FIVE, NO_ID, None, ids(1))
        assert lag(stream_of(5, added=5), EntryId(1, 0), entries_read) == 1
        assert lag(stream_of(added=5), EntryId(1, 0), entries_read) == 0


def one_by_one(
    stream: Stream,
    last_delivered: EntryId,
    entries_read: int | None,
    delivered: Sequence[EntryId],
) -> int | None:
    """LAG-4 to the letter: one delivery for each entry."""
    for entry_id in delivered:
        entries_read = entries_read_after(stream, last_delivered, entries_read, [entry_id])
        last_delivered = entry_id
    return entries_read


def random_delivery(
    randomness: random.Random,
) -> tuple[Stream, EntryId, int | None, list[EntryId]]:
    """A stream of up to ten entries, a group somewhere in it, and the entries it reads next."""
    added = randomness.randint(1, 10)
    live = sorted(randomness.sample(range(1, added + 1), randomness.randint(1, added)))
    max_deleted = randomness.choice([0, *(set(range(1, added + 1)) - set(live))])
    stream = stream_of(*live, added=added, max_deleted=max_deleted)
    stream = replace(stream, entries_added=added + randomness.choice([0, 0, 3]))
    last_delivered = randomness.randint(0, added)
    unread = [ms for ms in live if ms > last_delivered]
    delivered = ids(*unread[: randomness.randint(0, len(unread))])
    entries_read = randomness.choice([None, last_delivered, 20])
    return stream, EntryId(last_delivered, 0), entries_read, delivered
