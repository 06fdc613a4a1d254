"""Triggers that refuse to change or delete a stage event, whoever asks."""

from django.db import migrations

TABLE = "registry_stageevent"
REASON = "the history of stages is append-only"


def create(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            schema_editor.execute(
                f"CREATE TRIGGER {TABLE}_no_{verb.lower()} BEFORE {verb} ON {TABLE} "
                f"BEGIN SELECT RAISE(ABORT, '{REASON}'); END"
            )
        return
    schema_editor.execute(
        "CREATE FUNCTION registry_stageevent_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{REASON}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    schema_editor.execute(
        f"CREATE TRIGGER {TABLE}_append_only BEFORE UPDATE OR DELETE ON {TABLE} "
        "FOR EACH ROW EXECUTE FUNCTION registry_stageevent_is_append_only()"
    )


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            schema_editor.execute(f"DROP TRIGGER {TABLE}_no_{verb.lower()}")
        return
    schema_editor.execute(f"DROP TRIGGER {TABLE}_append_only ON {TABLE}")
    schema_editor.execute("DROP FUNCTION registry_stageevent_is_append_only()")


class Migration(migrations.Migration):
    dependencies = [("registry", "0001_initial")]
    operations = [migrations.RunPython(create, drop)]
