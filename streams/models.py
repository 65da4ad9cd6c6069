"""The tables. Only definitions: the rules are in `commands`, and `store` reads and writes the rows.

Every row of a tenant has a `plate_id`, and every query filters by it. Names of streams, groups and
consumers are bytes, as in Redis: any Unicode text, NUL included, in byte order (GEN-1, GEN-15).
Instants (`_at`) of the data plane are Unix milliseconds, as Redis reports them.

In the database every primary, unique and foreign key of a tenant's rows begins with `plate_id`.
Where Django knows only `id` as the primary key, the database has (plate_id, id), and a plain index
on `id` for Django. An aggregate over such rows must name the columns that it groups by: Django
would group by `id` alone, which does not determine the other columns in the database.
"""

from django.db import models
from django.db.models.functions import Now

from streams.domain.scopes import Scope
from streams.fields import NameField, UnsignedField, VerbatimJsonField


class Plate(models.Model):
    """A tenant: an isolated namespace of streams with its own API keys."""

    name = models.CharField(max_length=64, unique=True)
    is_enabled = models.BooleanField(db_default=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "plate"

    def __str__(self) -> str:
        return self.name


class ApiKey(models.Model):
    """A key of a plate. Only its digest is kept."""

    plate = models.ForeignKey(Plate, models.CASCADE, related_name="api_keys", db_index=False)
    name = models.CharField(max_length=100, blank=True)
    scope = models.CharField(max_length=6, choices=[(scope, scope.capitalize()) for scope in Scope])
    # The key's first characters: enough to recognise it, far too few to guess the rest.
    prefix = models.CharField(max_length=16)
    # SHA-256 of the whole key: keys are 256 random bits, so nothing slower is needed.
    digest = models.BinaryField(max_length=32)
    created_at = models.DateTimeField(db_default=Now())
    # Null: never expires.
    expires_at = models.DateTimeField(null=True, blank=True)
    # Null: not revoked.
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "api_key"
        verbose_name = "API key"
        constraints = [
            # Finds the key that a request presents.
            models.UniqueConstraint(fields=["plate", "digest"], name="api_key_plate_digest"),
        ]
        indexes = [
            # Finds a key without its plate, and gives the console's list, newest first.
            models.Index(fields=["id"], name="api_key_by_id"),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}… ({self.scope})"


class Stream(models.Model):
    """An append-only log. Its counters change only under the lock of its row."""

    plate = models.ForeignKey(Plate, models.CASCADE, related_name="streams", db_index=False)
    key = NameField()
    # How many entries are live.
    length = models.BigIntegerField(db_default=0)
    # The ID that the next entry must exceed; 0-0 if no entry was ever added (ST-2).
    last_generated_ms = UnsignedField(db_default=0)
    last_generated_seq = UnsignedField(db_default=0)
    # The smallest live ID; 0-0 if the stream is empty (ST-4).
    recorded_first_ms = UnsignedField(db_default=0)
    recorded_first_seq = UnsignedField(db_default=0)
    # The greatest ID ever removed by XDEL; 0-0 if none was (ST-5).
    max_deleted_ms = UnsignedField(db_default=0)
    max_deleted_seq = UnsignedField(db_default=0)
    # How many entries were ever added (ST-3).
    entries_added = models.BigIntegerField(db_default=0)
    # Counts the events that wake blocked readers (BLK-5): a change shows that a hint was lost.
    signals = models.BigIntegerField(db_default=0)
    # The storage node that takes new entries (TRIM-15), as domain.nodes writes it; null: none.
    tail_node = VerbatimJsonField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "stream"
        constraints = [
            # Finds a stream by the user's key; lists a plate's streams in byte order.
            models.UniqueConstraint(fields=["plate", "key"], name="stream_plate_key"),
        ]
        indexes = [
            # Finds a stream without its plate: the console's pages, and its joins from groups.
            models.Index(fields=["id"], name="stream_by_id"),
        ]

    def __str__(self) -> str:
        return str(self.key)


class StreamNode(models.Model):
    """A full storage node of a stream, which `~` trims as a whole (TRIM-15 to TRIM-17).

    It holds the entries with IDs above the last slot of the node before, up to its own last slot.
    """

    pk = models.CompositePrimaryKey("plate_id", "stream_id", "last_ms", "last_seq")
    plate = models.ForeignKey(Plate, models.DO_NOTHING, db_constraint=False, db_index=False)
    stream = models.ForeignKey(Stream, models.DO_NOTHING, db_constraint=False, db_index=False)
    # The ID of the node's last slot, whether or not that entry is still live.
    last_ms = UnsignedField()
    last_seq = UnsignedField()
    # How many of its entries are live.
    live = models.IntegerField()

    class Meta:
        db_table = "stream_node"


class Entry(models.Model):
    """One entry. Written once, never changed; only deletes and trims remove it.

    The database has no foreign keys for it: rows are added and removed only under the lock of their
    stream, and every insert would have to pay for the check.
    """

    pk = models.CompositePrimaryKey("plate_id", "stream_id", "ms", "seq")
    plate = models.ForeignKey(Plate, models.DO_NOTHING, db_constraint=False, db_index=False)
    stream = models.ForeignKey(Stream, models.DO_NOTHING, db_constraint=False, db_index=False)
    ms = UnsignedField()
    seq = UnsignedField()
    # The flat list [field1, value1, …], verbatim: order, repeats and NUL survive.
    fields = VerbatimJsonField()
    # When the server received it; an explicit ID says nothing about that.
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "entry"


class ConsumerGroup(models.Model):
    """A consumer group. Its delivery state changes only under the lock of its row."""

    plate = models.ForeignKey(Plate, models.CASCADE, db_index=False)
    # The database has a foreign key of both columns instead: (plate_id, stream_id).
    stream = models.ForeignKey(
        Stream, models.CASCADE, related_name="groups", db_constraint=False, db_index=False
    )
    name = NameField()
    last_delivered_ms = UnsignedField(db_default=0)
    last_delivered_seq = UnsignedField(db_default=0)
    # The read counter, as XINFO shows it; null: unknown (XGROUP-7).
    entries_read = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "consumer_group"
        constraints = [
            # Finds a group by name; lists a stream's groups in byte order.
            models.UniqueConstraint(
                fields=["plate", "stream", "name"], name="consumer_group_plate_stream_name"
            ),
        ]
        indexes = [
            # Finds a group without its plate: the console's pages, and its joins from consumers.
            models.Index(fields=["id"], name="consumer_group_by_id"),
            # Finds a stream's groups without its plate: Django's cascades, the console's filter.
            models.Index(fields=["stream"], name="consumer_group_stream"),
        ]

    def __str__(self) -> str:
        return str(self.name)


class Consumer(models.Model):
    """A consumer of a group."""

    plate = models.ForeignKey(Plate, models.CASCADE, db_index=False)
    # The database has a foreign key of both columns instead: (plate_id, group_id).
    group = models.ForeignKey(
        ConsumerGroup,
        models.CASCADE,
        related_name="consumers",
        db_constraint=False,
        db_index=False,
    )
    name = NameField()
    # When it last read or claimed, even without a result, Unix ms (ST-11).
    seen_at = models.BigIntegerField()
    # When it last got new entries, not with NOACK, or claimed some, Unix ms; null: never (ST-12).
    active_at = models.BigIntegerField(null=True)
    # How many pending entries it owns, kept in step with the table.
    pending_count = models.BigIntegerField(db_default=0)

    class Meta:
        db_table = "consumer"
        constraints = [
            # Finds a consumer by name; lists a group's consumers in byte order.
            models.UniqueConstraint(
                fields=["plate", "group", "name"], name="consumer_plate_group_name"
            ),
        ]
        indexes = [
            # Finds a consumer without its plate: the console's pages.
            models.Index(fields=["id"], name="consumer_by_id"),
            # Finds a group's consumers without its plate: Django's cascades, the console's filter.
            models.Index(fields=["group"], name="consumer_group_id"),
        ]

    def __str__(self) -> str:
        return str(self.name)


class PendingEntry(models.Model):
    """A delivered entry that is not yet acknowledged: a row of the pending entries list.

    It stays when its entry is removed (ST-6). As for `Entry`, the database has no foreign keys.
    """

    pk = models.CompositePrimaryKey("plate_id", "group_id", "ms", "seq")
    plate = models.ForeignKey(Plate, models.DO_NOTHING, db_constraint=False, db_index=False)
    group = models.ForeignKey(ConsumerGroup, models.DO_NOTHING, db_constraint=False, db_index=False)
    ms = UnsignedField()
    seq = UnsignedField()
    consumer = models.ForeignKey(Consumer, models.DO_NOTHING, db_constraint=False, db_index=False)
    # The last delivery, Unix ms, from which idle time counts (ST-14).
    delivered_at = models.BigIntegerField()
    delivery_count = models.BigIntegerField()

    class Meta:
        db_table = "pending_entry"
        indexes = [
            # A consumer's own list in ID order: history reads and XPENDING with a consumer.
            # It leaves the group out, so that the planner takes the primary key for other queries.
            models.Index(fields=["plate", "consumer", "ms", "seq"], name="pending_entry_owner"),
        ]


class WaitingReader(models.Model):
    """A reader that is blocked on a group, in the order of arrival over all processes (BLK-17).

    The id is the reader's place in the line of the group. Readers with greater ids give way to it,
    but only for a moment, so nothing depends on a row: the table is unlogged, and rows of a process
    that has ended do not count.
    """

    plate = models.ForeignKey(Plate, models.DO_NOTHING, db_constraint=False, db_index=False)
    group = models.ForeignKey(ConsumerGroup, models.DO_NOTHING, db_constraint=False, db_index=False)
    # The number of its process, which holds an advisory lock on that number while it lives.
    process = models.BigIntegerField()
    # When it stops waiting, Unix ms.
    expires_at = models.BigIntegerField()
    # The signals of the stream at the last XGROUP SETID while it waited: until there are more it
    # sleeps, even if there are new entries (BLK-5). Null: there was no XGROUP SETID.
    asleep_at_signals = models.BigIntegerField(null=True)

    class Meta:
        db_table = "waiting_reader"
        indexes = [
            # The line of a group in order; its first row has waited longest.
            models.Index(fields=["plate", "group", "id"], name="waiting_reader_group"),
        ]
