"""The digest of what open requests stand on as it was found last; what was frozen is the best guess for those that exist."""

from django.db import migrations, models

FILL = "UPDATE registry_transitionrequest SET current_digest = evidence_digest WHERE current_digest = ''"


class Migration(migrations.Migration):
    dependencies = [("registry", "0003_added_stages")]
    operations = [
        migrations.AddField(
            model_name="transitionrequest",
            name="current_digest",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="of the evidence as it was found last, by the clock",
                max_length=64,
            ),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
