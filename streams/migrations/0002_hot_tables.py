"""Storage settings of the tables whose rows change with every command."""

from django.db import migrations

# Room on each page for the next versions of its rows, so that an update need not touch an index
# (HOT), and a vacuum that comes early and often: these tables are small but churn.
HOT_TABLES = {
    "stream": 50,
    "consumer_group": 50,
    "consumer": 50,
    "stream_node": 80,
    "pending_entry": 80,
}

SET_STORAGE = """
ALTER TABLE {table} SET (
    fillfactor = {fillfactor},
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 500,
    autovacuum_vacuum_cost_delay = 0
)
"""
RESET_STORAGE = """
ALTER TABLE {table} RESET (
    fillfactor,
    autovacuum_vacuum_scale_factor,
    autovacuum_vacuum_threshold,
    autovacuum_vacuum_cost_delay
)
"""


class Migration(migrations.Migration):
    dependencies = [("streams", "0001_tables")]

    operations = [
        migrations.RunSQL(
            SET_STORAGE.format(table=table, fillfactor=fillfactor),
            RESET_STORAGE.format(table=table),
        )
        for table, fillfactor in HOT_TABLES.items()
    ]
    operations += [
        migrations.RunSQL(
            "ALTER TABLE waiting_reader SET UNLOGGED", "ALTER TABLE waiting_reader SET LOGGED"
        )
    ]
