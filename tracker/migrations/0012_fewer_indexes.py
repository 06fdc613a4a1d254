"""Take away indexes whose columns another index begins with: each cost every new metric, param and tag a write.

By name, as Django would make SQLite's tables anew, with all of their rows.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# model, field, what the field refers to, its related name, its index
FIELDS = [
    ("metric", "run", "tracker.run", "metrics", "tracker_metric_run_id_4069ac38"),
    ("param", "run", "tracker.run", "params", "tracker_param_run_id_e74129eb"),
    ("runtag", "run", "tracker.run", "tags", "tracker_runtag_run_id_f9a3fcde"),
    ("run", "created_by", settings.AUTH_USER_MODEL, "runs", "tracker_run_created_by_id_180eb788"),
]


def without_index(model, field, to, related_name, index):
    options = (
        {"on_delete": django.db.models.deletion.SET_NULL, "null": True}
        if model == "run"
        else {"on_delete": django.db.models.deletion.CASCADE}
    )
    key = models.ForeignKey(to, db_index=False, related_name=related_name, **options)
    table = f"tracker_{model}"
    return migrations.SeparateDatabaseAndState(
        database_operations=[
            migrations.RunSQL(
                f'DROP INDEX IF EXISTS "{index}"',
                f'CREATE INDEX "{index}" ON "{table}" ("{field}_id")',
            )
        ],
        state_operations=[migrations.AlterField(model, field, key)],
    )


class Migration(migrations.Migration):
    dependencies = [
        ("tracker", "0011_stalled_run"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        *(without_index(*row) for row in FIELDS),
        # Django's second index on PostgreSQL for LIKE, which a column that sorts by code point does not need
        migrations.RunSQL('DROP INDEX IF EXISTS "tracker_run_run_id_f63c9737_like"', migrations.RunSQL.noop),
    ]
