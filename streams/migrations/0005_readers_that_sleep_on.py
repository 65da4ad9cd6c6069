"""A waiting reader's row tells that it sleeps through what XGROUP SETID made new (BLK-5)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("streams", "0004_waiting_in_a_process")]

    operations = [
        migrations.AddField(
            model_name="waitingreader",
            name="asleep_at_signals",
            field=models.BigIntegerField(null=True),
        ),
    ]
