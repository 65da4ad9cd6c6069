"""Every primary, unique and foreign key of a tenant's rows begins with the plate in the database.

For Django `id` alone stays the primary key, and a reference is one column. So the primary keys and
the foreign keys of two columns are SQL, of which Django's state knows nothing; and Django, which
finds rows by `id` alone, gets a plain index for that.
"""

import django.db.models.deletion
from django.db import migrations, models

# `waiting_reader` needs no index of its own on `id`: nobody looks for its rows without a plate.
TABLES = ["api_key", "stream", "consumer_group", "consumer", "waiting_reader"]

SET_PRIMARY_KEY = """
ALTER TABLE {table}
    DROP CONSTRAINT {table}_pkey,
    ADD CONSTRAINT {table}_pkey PRIMARY KEY ({columns})
"""

# Deferred, as Django's own are: it deletes the row that is referred to before or after the others.
# A deleted stream's or group's dependants are found by the unique indexes, which begin alike.
ADD_STREAM_OF_GROUP = """
ALTER TABLE consumer_group
    ADD CONSTRAINT consumer_group_plate_stream_fkey
    FOREIGN KEY (plate_id, stream_id) REFERENCES stream (plate_id, id)
    DEFERRABLE INITIALLY DEFERRED
"""
DROP_STREAM_OF_GROUP = """
ALTER TABLE consumer_group DROP CONSTRAINT consumer_group_plate_stream_fkey
"""
ADD_GROUP_OF_CONSUMER = """
ALTER TABLE consumer
    ADD CONSTRAINT consumer_plate_group_fkey
    FOREIGN KEY (plate_id, group_id) REFERENCES consumer_group (plate_id, id)
    DEFERRABLE INITIALLY DEFERRED
"""
DROP_GROUP_OF_CONSUMER = """
ALTER TABLE consumer DROP CONSTRAINT consumer_plate_group_fkey
"""


class Migration(migrations.Migration):
    dependencies = [("streams", "0005_readers_that_sleep_on")]

    operations = [
        # Takes the foreign keys of one column away, which stand on the primary keys of one column.
        migrations.AlterField(
            model_name="consumergroup",
            name="stream",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="groups",
                to="streams.stream",
            ),
        ),
        migrations.AlterField(
            model_name="consumer",
            name="group",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="consumers",
                to="streams.consumergroup",
            ),
        ),
    ]
    operations += [
        migrations.RunSQL(
            SET_PRIMARY_KEY.format(table=table, columns="plate_id, id"),
            SET_PRIMARY_KEY.format(table=table, columns="id"),
        )
        for table in TABLES
    ]
    operations += [
        # Made anew, after the primary key. A vacuum often finds the line empty: to the planner each
        # index that begins with the plate then looks as good as any other, and it takes the latest.
        migrations.RemoveIndex(model_name="waitingreader", name="waiting_reader_group"),
        migrations.AddIndex(
            model_name="waitingreader",
            index=models.Index(fields=["plate", "group", "id"], name="waiting_reader_group"),
        ),
        migrations.RunSQL(ADD_STREAM_OF_GROUP, DROP_STREAM_OF_GROUP),
        migrations.RunSQL(ADD_GROUP_OF_CONSUMER, DROP_GROUP_OF_CONSUMER),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.UniqueConstraint(
                fields=["plate", "digest"], name="api_key_plate_digest"
            ),
        ),
        migrations.AlterField(
            model_name="apikey", name="digest", field=models.BinaryField(max_length=32)
        ),
        # A plate's keys are found by the primary key now.
        migrations.AlterField(
            model_name="apikey",
            name="plate",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="api_keys",
                to="streams.plate",
            ),
        ),
        migrations.AddIndex(
            model_name="apikey", index=models.Index(fields=["id"], name="api_key_by_id")
        ),
        migrations.AddIndex(
            model_name="stream", index=models.Index(fields=["id"], name="stream_by_id")
        ),
        migrations.AddIndex(
            model_name="consumergroup",
            index=models.Index(fields=["id"], name="consumer_group_by_id"),
        ),
        migrations.AddIndex(
            model_name="consumer", index=models.Index(fields=["id"], name="consumer_by_id")
        ),
    ]
