"""Take away Django's second index on PostgreSQL for LIKE, which a column that sorts by code point does not need."""

from django.db import migrations

INDEX = "tracker_run_run_id_f63c9737_like"


class Migration(migrations.Migration):
    dependencies = [("tracker", "0003_run_index")]
    operations = [
        migrations.RunSQL(
            f"DROP INDEX IF EXISTS {INDEX}",
            migrations.RunSQL.noop,
        )
    ]
