import core.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '__first__'),
        ('core', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Import',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', core.fields.CodePointCharField(help_text='its address, without credentials', max_length=1000)),
                ('options', models.JSONField(default=dict, help_text='imports/options.py')),
                ('is_dry_run', models.BooleanField(default=False, help_text='it only looked, and wrote nothing but this')),
                ('state', models.CharField(choices=[('running', 'Running'), ('done', 'Done'), ('stopped', 'Stopped'), ('failed', 'Failed')], default='running', max_length=7)),
                ('counts', models.JSONField(default=dict, help_text='{"runs": {"taken": 3, "there": 1, "left": 0}, …}')),
                ('problems', models.JSONField(default=list, help_text='[what, name, why], the first of them')),
                ('num_problems', models.PositiveIntegerField(default=0)),
                ('error', models.TextField(blank=True, help_text='why it failed')),
                ('started_at', models.DateTimeField(auto_now_add=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('job', models.OneToOneField(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='core.job')),
                ('owner', models.ForeignKey(help_text='of what comes', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='Origin',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', core.fields.CodePointCharField(max_length=1000)),
                ('kind', models.CharField(choices=[('experiment', 'Experiment'), ('registeredmodel', 'Model')], max_length=15)),
                ('their_id', core.fields.CodePointCharField(help_text='the id of an experiment, the name of a model', max_length=500)),
                ('object_id', models.BigIntegerField(help_text='our key; what it names may have been purged since')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('source', 'kind', 'their_id'), name='origin_once')],
            },
        ),
    ]
