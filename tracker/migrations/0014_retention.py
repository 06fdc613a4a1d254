"""For how long runs stay: policies, pins and legal holds, and reports of what was cleaned up."""

import core.fields
import django.db.models.deletion
import django.db.models.functions.comparison
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0008_run_webhooks'),
        ('tracker', '0013_run_index'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='RetentionPolicy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('trash_after_days', models.PositiveIntegerField(blank=True, help_text='after their end; null for never', null=True)),
                ('statuses', models.JSONField(blank=True, default=list, help_text='which runs go to the trash by age; [] for all ended')),
                ('purge_after_days', models.PositiveIntegerField(blank=True, help_text='in the trash; null for never', null=True)),
                ('keep_best', models.PositiveIntegerField(default=0, help_text='so many of each experiment')),
                ('keep_metric', core.fields.CodePointCharField(blank=True, help_text='by its last value', max_length=250)),
                ('is_large_good', models.BooleanField(default=True)),
                ('keep_tags', models.JSONField(blank=True, default=list, help_text='["paper", "keep=yes"]: runs with one of these')),
                ('is_daily', models.BooleanField(default=False, help_text='carried out every day; else only by hand')),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('experiment', models.OneToOneField(blank=True, help_text='null for the site', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='retention', to='tracker.experiment')),
                ('updated_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name_plural': 'retention policies',
            },
        ),
        migrations.CreateModel(
            name='CleanupReport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('scope', core.fields.CodePointTextField(help_text="the experiment's name then, or: the site")),
                ('rules', models.JSONField(help_text='of the policy as it was then; tracker/retention.py')),
                ('state', models.CharField(choices=[('deciding', 'Looking'), ('decided', 'Dry run'), ('cleaning', 'Cleaning up'), ('done', 'Carried out')], default='deciding', max_length=8)),
                ('is_daily', models.BooleanField(default=False, help_text='made by the schedule, which carries it out as well')),
                ('num_trash', models.BigIntegerField(default=0)),
                ('num_purge', models.BigIntegerField(default=0)),
                ('num_kept', models.BigIntegerField(default=0)),
                ('purge_bytes', models.BigIntegerField(default=0, help_text='of all files of the runs to be deleted for good')),
                ('freed_bytes', models.BigIntegerField(default=0, help_text='of those that nothing else has the content of')),
                ('kept_bytes', models.BigIntegerField(default=0)),
                ('kept_by_rule', models.JSONField(default=dict, help_text='{"registered": [3, 12345]}: runs and bytes')),
                ('num_trashed', models.BigIntegerField(default=0)),
                ('num_purged', models.BigIntegerField(default=0)),
                ('num_spared', models.BigIntegerField(default=0, help_text='that had to stay after all')),
                ('removed_bytes', models.BigIntegerField(default=0, help_text='of all stored files that no row named then')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('carried_out_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('experiment', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='tracker.experiment')),
                ('job', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='core.job')),
                ('policy', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='reports', to='tracker.retentionpolicy')),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='CleanupEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('run_key', models.BigIntegerField()),
                ('run_id', core.fields.CodePointCharField(max_length=32)),
                ('name', core.fields.CodePointTextField()),
                ('step', models.CharField(choices=[('keep', 'Stays'), ('trash', 'To the trash'), ('purge', 'For good')], max_length=5)),
                ('rule', models.CharField(help_text='tracker.retention.Rule', max_length=10)),
                ('reason', models.TextField()),
                ('size_bytes', models.BigIntegerField()),
                ('outcome', models.CharField(choices=[('open', 'Not yet'), ('done', 'Done'), ('spared', 'Stayed after all')], default='open', max_length=6)),
                ('report', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='entries', to='tracker.cleanupreport')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('outcome', 'open'), ('step__in', ['trash', 'purge'])), fields=['report', 'step', 'run_key'], name='cleanup_entry_open'), models.Index(fields=['report', 'step', 'id'], name='cleanup_entry_by_step')],
                'constraints': [models.UniqueConstraint(fields=('report', 'run_key'), name='cleanup_entry_once')],
            },
        ),
        migrations.CreateModel(
            name='Hold',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('pin', 'Pinned'), ('legal', 'Legal hold')], max_length=5)),
                ('reason', models.CharField(blank=True, max_length=500)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('experiment', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='holds', to='tracker.experiment')),
                ('run', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='holds', to='tracker.run')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('experiment__isnull', False), ('run', None)), models.Q(('experiment', None), ('run__isnull', False)), _connector='OR'), name='hold_is_of_run_or_experiment'), models.UniqueConstraint(condition=models.Q(('run__isnull', False)), fields=('run', 'kind'), name='hold_once_of_run'), models.UniqueConstraint(condition=models.Q(('experiment__isnull', False)), fields=('experiment', 'kind'), name='hold_once_of_experiment')],
            },
        ),
        migrations.AddConstraint(
            model_name='retentionpolicy',
            constraint=models.CheckConstraint(condition=models.Q(('keep_best', 0), models.Q(('keep_metric', ''), _negated=True), _connector='OR'), name='retention_best_has_metric', violation_error_message='Name the metric that says which runs are the best.'),
        ),
        migrations.AddConstraint(
            model_name='retentionpolicy',
            constraint=models.UniqueConstraint(django.db.models.functions.comparison.Coalesce('experiment', models.Value(-1)), condition=models.Q(('experiment', None)), name='retention_once'),
        ),
    ]
