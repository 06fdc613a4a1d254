"""Stages that policies add to those of the wire; their names are longer than those in the history were."""

from django.db import migrations

import core.fields

TABLE = "registry_stageevent"
FIELDS = ("from_stage", "to_stage")


def widen(apps, schema_editor):
    # SQLite keeps no lengths, and to make the table anew would drop the triggers that guard it
    if schema_editor.connection.vendor == "postgresql":
        for field in FIELDS:
            schema_editor.execute(f'ALTER TABLE {TABLE} ALTER COLUMN {field} TYPE varchar(50) COLLATE "C"')


STAGES = [("None", "None"), ("Staging", "Staging"), ("Production", "Production"), ("Archived", "Archived")]


class Migration(migrations.Migration):
    dependencies = [("registry", "0002_stage_event_is_append_only")]
    operations = [
        migrations.AddField(
            model_name="modelversion",
            name="added_stage",
            field=core.fields.CodePointCharField(
                blank=True,
                db_default="",
                default="",
                help_text="one that a policy adds, shown as `stage` on the wire",
                max_length=50,
            ),
        ),
        migrations.AddField(
            model_name="stagepolicy",
            name="wire_stage",
            field=core.fields.CodePointCharField(
                blank=True,
                choices=STAGES,
                db_default="",
                default="",
                help_text="what a stage that this policy adds shows as on the wire",
                max_length=10,
            ),
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(widen, migrations.RunPython.noop)],
            state_operations=[
                migrations.AlterField(
                    model_name="stageevent",
                    name=field,
                    field=core.fields.CodePointCharField(blank=True, max_length=50),
                )
                for field in FIELDS
            ],
        ),
    ]
