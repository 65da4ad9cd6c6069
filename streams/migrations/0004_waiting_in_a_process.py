"""A waiting reader's row names its process; pending entries without a group are removed.

The deletion of a stream did not lock its groups, and missed what was delivered meanwhile.
"""

from django.db import migrations, models

REMOVE_ORPHANS = """
DELETE FROM pending_entry
WHERE NOT EXISTS (
    SELECT
    FROM consumer_group
    WHERE consumer_group.plate_id = pending_entry.plate_id
      AND consumer_group.id = pending_entry.group_id
)
"""


class Migration(migrations.Migration):
    dependencies = [("streams", "0003_pending_entry_owner")]

    operations = [
        # No process has the number 0: rows from before count no more.
        migrations.AddField(
            model_name="waitingreader",
            name="process",
            field=models.BigIntegerField(default=0),
            preserve_default=False,
        ),
        migrations.RunSQL(REMOVE_ORPHANS, migrations.RunSQL.noop),
    ]
