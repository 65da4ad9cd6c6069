"""A consumer's list has an index that no lookup in a whole group's list can take."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("streams", "0002_hot_tables")]

    operations = [
        migrations.AddIndex(
            model_name="pendingentry",
            index=models.Index(
                fields=["plate", "consumer", "ms", "seq"], name="pending_entry_owner"
            ),
        ),
        migrations.RemoveIndex(model_name="pendingentry", name="pending_entry_consumer"),
    ]
