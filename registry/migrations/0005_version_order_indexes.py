"""Versions in the order of searches, without those that are deleted."""

from django.db import migrations, models

THERE = models.Q(deleted_at=None)


class Migration(migrations.Migration):
    dependencies = [("registry", "0004_current_digest")]
    operations = [
        migrations.RemoveIndex("modelversion", "model_version_by_update"),
        migrations.AddIndex(
            "modelversion",
            models.Index(fields=["-last_updated_time_ms", "id"], condition=THERE, name="model_version_by_update"),
        ),
        migrations.AddIndex(
            "modelversion",
            models.Index(fields=["-creation_time_ms", "id"], condition=THERE, name="model_version_by_creation"),
        ),
    ]
