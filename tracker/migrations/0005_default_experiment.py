"""Experiment 0, named Default: a client that never names an experiment logs there without looking it up."""

import time

from django.db import migrations


def create(apps, schema_editor):
    now = time.time_ns() // 1_000_000
    facts = {"name": "Default", "artifact_location": "mlflow-artifacts:/0", "creation_time_ms": now, "last_update_time_ms": now}
    # on the way back it stays, with the runs that are in it
    apps.get_model("tracker", "Experiment").objects.using(schema_editor.connection.alias).get_or_create(pk=0, defaults=facts)


class Migration(migrations.Migration):
    dependencies = [("tracker", "0004_run_id_without_like")]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
