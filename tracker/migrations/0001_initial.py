import accounts.granted
import core.fields
import django.db.models.deletion
import django.db.models.functions.comparison
import django.utils.timezone
import tracker.models.run
import tracker.models.upload
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '__first__'),
        ('auth', '0012_alter_user_first_name_max_length'),
        ('core', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Blob',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', core.fields.CodePointCharField(help_text='null where the bytes are in pieces', max_length=64, null=True, unique=True)),
                ('size_bytes', models.BigIntegerField()),
                ('sha256', core.fields.CodePointCharField(help_text='hex; null until the whole has been hashed', max_length=64, null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('sha256__isnull', False)), fields=('sha256',), name='blob_content_once')],
            },
        ),
        migrations.CreateModel(
            name='Experiment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', core.fields.CodePointCharField(help_text='a / is a folder in pages', max_length=500, unique=True)),
                ('artifact_location', models.CharField(max_length=2048)),
                ('is_private', models.BooleanField(default=False, help_text='only those with a grant know of it')),
                ('creation_time_ms', models.BigIntegerField()),
                ('last_update_time_ms', models.BigIntegerField(help_text='of its name or lifecycle; tags do not count')),
                ('deleted_at', models.DateTimeField(blank=True, null=True)),
                ('num_runs', models.BigIntegerField(default=0, help_text='runs that are not deleted')),
                ('last_activity_ms', models.BigIntegerField(default=0, help_text='start of the newest run')),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['-creation_time_ms', 'id'], name='experiment_by_creation')],
            },
            bases=(accounts.granted.Granted, models.Model),
        ),
        migrations.CreateModel(
            name='Dataset',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', core.fields.CodePointCharField(max_length=500)),
                ('digest', core.fields.CodePointCharField(max_length=36)),
                ('source_type', core.fields.CodePointCharField(blank=True, max_length=36)),
                ('source', core.fields.CodePointTextField(blank=True)),
                ('schema', core.fields.CodePointTextField(blank=True)),
                ('profile', core.fields.CodePointTextField(blank=True)),
                ('experiment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='datasets', to='tracker.experiment')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('experiment', 'name', 'digest'), name='dataset_once')],
            },
        ),
        migrations.CreateModel(
            name='ExperimentGrant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('level', models.PositiveSmallIntegerField(choices=[(10, 'View'), (20, 'Log'), (30, 'Edit'), (40, 'Manage')])),
                ('granted_at', models.DateTimeField(auto_now_add=True)),
                ('experiment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='grants', to='tracker.experiment')),
                ('granted_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('group', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='experiment_grants', to='auth.group')),
                ('user', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='experiment_grants', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('group__isnull', False), ('user', None)), models.Q(('group', None), ('user__isnull', False)), _connector='OR'), name='grant_is_to_user_or_group'), models.UniqueConstraint(condition=models.Q(('user__isnull', False)), fields=('user', 'experiment'), name='grant_once_to_user'), models.UniqueConstraint(condition=models.Q(('group__isnull', False)), fields=('group', 'experiment'), name='grant_once_to_group')],
            },
        ),
        migrations.CreateModel(
            name='ExperimentTag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', core.fields.CodePointCharField(max_length=250)),
                ('value', core.fields.CodePointTextField()),
                ('experiment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tags', to='tracker.experiment')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('experiment', 'key'), name='experiment_tag_key_once')],
            },
        ),
        migrations.CreateModel(
            name='IndexedKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('entity', core.fields.CodePointCharField(help_text='metric or parameter', max_length=9)),
                ('key', core.fields.CodePointCharField(max_length=250)),
                ('is_cut', models.BooleanField(default=False, help_text='a value was too long to be indexed as a whole')),
                ('experiment', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='indexed_keys', to='tracker.experiment')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('experiment', 'entity', 'key'), name='indexed_key_once')],
            },
        ),
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
                'constraints': [models.CheckConstraint(condition=models.Q(('keep_best', 0), models.Q(('keep_metric', ''), _negated=True), _connector='OR'), name='retention_best_has_metric', violation_error_message='Name the metric that says which runs are the best.'), models.UniqueConstraint(django.db.models.functions.comparison.Coalesce('experiment', models.Value(-1)), condition=models.Q(('experiment', None)), name='retention_once')],
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
                ('job', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='core.job')),
                ('experiment', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='tracker.experiment')),
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
            name='Run',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('run_id', core.fields.CodePointCharField(max_length=32, unique=True)),
                ('name', core.fields.CodePointTextField(help_text='mirrored in the tag mlflow.runName')),
                ('status', core.fields.CodePointCharField(choices=[('RUNNING', 'Running'), ('SCHEDULED', 'Scheduled'), ('FINISHED', 'Finished'), ('FAILED', 'Failed'), ('KILLED', 'Killed')], default='RUNNING', max_length=9)),
                ('start_time_ms', models.BigIntegerField()),
                ('end_time_ms', models.BigIntegerField(null=True)),
                ('claimed_user', core.fields.CodePointCharField(blank=True, help_text='user_id as the client sent it', max_length=256)),
                ('token_id', models.BigIntegerField(help_text='the API token that created it, as a number that outlives it', null=True)),
                ('artifact_uri', models.CharField(max_length=2048)),
                ('deleted_at', models.DateTimeField(blank=True, null=True)),
                ('stalled_at', models.DateTimeField(blank=True, help_text='when it was seen to have fallen silent', null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('is_indexed', models.BooleanField(db_default=False, default=False, help_text='its metrics and params stand in the index by value')),
                ('created_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='runs', to=settings.AUTH_USER_MODEL)),
                ('experiment', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='runs', to='tracker.experiment')),
            ],
            options={
                'indexes': [models.Index(fields=['experiment', '-start_time_ms', 'run_id'], name='run_by_experiment_start'), models.Index(fields=['experiment', 'id'], name='run_by_experiment'), models.Index(fields=['created_by', '-start_time_ms'], name='run_by_author_start'), models.Index(condition=models.Q(('deleted_at', None), ('status', 'RUNNING')), fields=['experiment'], name='run_live'), models.Index(condition=models.Q(('deleted_at', None), ('status__in', ['FAILED', 'KILLED', 'SCHEDULED'])), fields=['experiment', 'status'], name='run_unfinished'), models.Index(condition=models.Q(('is_indexed', False)), fields=['experiment'], name='run_not_indexed')],
            },
        ),
        migrations.CreateModel(
            name='DatasetInput',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('context', core.fields.CodePointCharField(blank=True, help_text='tag mlflow.data.context, for search', max_length=500)),
                ('tags', models.JSONField(default=list, help_text='[[key, value], …] as logged')),
                ('dataset', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='inputs', to='tracker.dataset')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='dataset_inputs', to='tracker.run')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('run', 'dataset'), name='dataset_input_once')],
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
        migrations.CreateModel(
            name='LoggedModel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('model_id', core.fields.CodePointCharField(help_text='m- and 32 hex digits', max_length=34, unique=True)),
                ('name', core.fields.CodePointCharField(max_length=500)),
                ('model_type', core.fields.CodePointCharField(blank=True, max_length=500)),
                ('status', core.fields.CodePointCharField(choices=[('LOGGED_MODEL_PENDING', 'Pending'), ('LOGGED_MODEL_READY', 'Ready'), ('LOGGED_MODEL_UPLOAD_FAILED', 'Upload failed')], default='LOGGED_MODEL_PENDING', max_length=26)),
                ('status_message', models.TextField(blank=True)),
                ('artifact_uri', models.CharField(max_length=2048)),
                ('creation_time_ms', models.BigIntegerField()),
                ('last_updated_time_ms', models.BigIntegerField()),
                ('token_id', models.BigIntegerField(null=True)),
                ('deleted_at', models.DateTimeField(blank=True, null=True)),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('experiment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='logged_models', to='tracker.experiment')),
                ('source_run', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='logged_models', to='tracker.run')),
            ],
            options={
                'indexes': [models.Index(fields=['experiment', '-creation_time_ms', 'model_id'], name='model_by_experiment_creation')],
            },
        ),
        migrations.CreateModel(
            name='Artifact',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('path', core.fields.CodePointCharField(help_text='relative, /-separated, normalised', max_length=1024)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, help_text='of its present content')),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('blob', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='artifacts', to='tracker.blob')),
                ('model', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='artifacts', to='tracker.loggedmodel')),
                ('run', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='artifacts', to='tracker.run')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('model__isnull', False), ('run', None)), models.Q(('model', None), ('run__isnull', False)), _connector='OR'), name='artifact_has_one_owner'), models.UniqueConstraint(condition=models.Q(('run__isnull', False)), fields=('run', 'path'), name='artifact_once_in_run'), models.UniqueConstraint(condition=models.Q(('model__isnull', False)), fields=('model', 'path'), name='artifact_once_in_model')],
            },
        ),
        migrations.CreateModel(
            name='Environment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('folder', core.fields.CodePointCharField(blank=True, help_text='where the files stand; empty for the root', max_length=1024)),
                ('python', core.fields.CodePointCharField(blank=True, max_length=40)),
                ('packages', models.JSONField(default=list, help_text='[["numpy", "==2.1.0"], …] by name')),
                ('packages_from', core.fields.CodePointCharField(blank=True, help_text='the file that named them', max_length=32)),
                ('model', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='environments', to='tracker.loggedmodel')),
                ('run', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='environments', to='tracker.run')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('model__isnull', False), ('run', None)), models.Q(('model', None), ('run__isnull', False)), _connector='OR'), name='environment_has_one_owner'), models.UniqueConstraint(condition=models.Q(('run__isnull', False)), fields=('run', 'folder'), name='environment_once_in_run'), models.UniqueConstraint(condition=models.Q(('model__isnull', False)), fields=('model', 'folder'), name='environment_once_in_model')],
            },
        ),
        migrations.CreateModel(
            name='LoggedModelMetric',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', core.fields.CodePointCharField(max_length=250)),
                ('value', models.FloatField()),
                ('is_nan', models.BooleanField(default=False)),
                ('timestamp_ms', models.BigIntegerField()),
                ('step', models.BigIntegerField()),
                ('dataset_name', core.fields.CodePointCharField(blank=True, max_length=500)),
                ('dataset_digest', core.fields.CodePointCharField(blank=True, max_length=36)),
                ('model', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='metrics', to='tracker.loggedmodel')),
                ('run', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='tracker.run')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('model', 'key', 'run', 'step', 'timestamp_ms', 'value', 'is_nan', 'dataset_name', 'dataset_digest'), name='model_metric_once')],
            },
        ),
        migrations.CreateModel(
            name='LoggedModelParam',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', core.fields.CodePointCharField(max_length=250)),
                ('value', core.fields.CodePointTextField()),
                ('model', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='params', to='tracker.loggedmodel')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('model', 'key'), name='model_param_key_once')],
            },
        ),
        migrations.CreateModel(
            name='LoggedModelTag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', core.fields.CodePointTextField()),
                ('value', core.fields.CodePointTextField()),
                ('model', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tags', to='tracker.loggedmodel')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('model', 'key'), name='model_tag_key_once')],
            },
        ),
        migrations.CreateModel(
            name='Metric',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', core.fields.CodePointCharField(max_length=250)),
                ('count', models.BigIntegerField(help_text='points, NaN included')),
                ('num_nan', models.BigIntegerField()),
                ('last_step', models.BigIntegerField()),
                ('last_timestamp_ms', models.BigIntegerField()),
                ('last_value', models.FloatField()),
                ('last_is_nan', models.BooleanField()),
                ('first_step', models.BigIntegerField()),
                ('first_timestamp_ms', models.BigIntegerField()),
                ('first_value', models.FloatField()),
                ('first_is_nan', models.BooleanField()),
                ('min_value', models.FloatField(null=True)),
                ('min_step', models.BigIntegerField(null=True)),
                ('max_value', models.FloatField(null=True)),
                ('max_step', models.BigIntegerField(null=True)),
                ('mean', models.FloatField(null=True)),
                ('run', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='metrics', to='tracker.run')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('run', 'key'), name='metric_key_once')],
            },
        ),
        migrations.CreateModel(
            name='MetricLevel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.IntegerField(help_text='its place among the parts of the series, from 0')),
                ('num_points', models.BigIntegerField(help_text='points that it stands for')),
                ('first_step', models.BigIntegerField()),
                ('last_step', models.BigIntegerField()),
                ('last_timestamp_ms', models.BigIntegerField()),
                ('last_value', models.FloatField()),
                ('last_is_nan', models.BooleanField()),
                ('min_time_ms', models.BigIntegerField()),
                ('max_time_ms', models.BigIntegerField()),
                ('points', models.BinaryField(help_text='as tracker.points.COLUMNS, one after the other')),
                ('metric', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='levels', to='tracker.metric')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('metric', 'number'), name='level_part_once')],
            },
        ),
        migrations.CreateModel(
            name='ModelInput',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('model_id', core.fields.CodePointCharField(help_text='as the client sent it; it need not exist', max_length=256)),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='model_inputs', to='tracker.run')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('run', 'model_id'), name='model_input_once')],
            },
        ),
        migrations.CreateModel(
            name='ModelOutput',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('model_id', core.fields.CodePointCharField(help_text='as the client sent it; it need not exist', max_length=256)),
                ('step', models.BigIntegerField(default=0)),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='model_outputs', to='tracker.run')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('run', 'model_id'), name='model_output_once')],
            },
        ),
        migrations.CreateModel(
            name='Param',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', core.fields.CodePointCharField(max_length=250)),
                ('value', core.fields.CodePointTextField()),
                ('run', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='params', to='tracker.run')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('run', 'key'), name='param_key_once')],
            },
        ),
        migrations.CreateModel(
            name='Pulse',
            fields=[
                ('run', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='pulse', serialize=False, to='tracker.run')),
                ('written', models.BigIntegerField(help_text='how much there was when it was looked at last')),
                ('changed_at', models.DateTimeField(help_text='when there was more than the time before')),
                ('num_gaps', models.IntegerField(default=0, help_text='how often there was more')),
                ('longest_s', models.FloatField(default=0, help_text='the longest gap between writes, slowly forgotten')),
                ('look_at', models.DateTimeField(db_index=True, help_text='when it is looked at next')),
            ],
        ),
        migrations.CreateModel(
            name='RunTag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', core.fields.CodePointCharField(max_length=250)),
                ('value', core.fields.CodePointTextField()),
                ('run', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='tags', to='tracker.run')),
            ],
            options={
                'indexes': [models.Index(tracker.models.run.AsRunId('value'), condition=models.Q(('key', 'mlflow.parentRunId')), name='run_tag_by_parent')],
                'constraints': [models.UniqueConstraint(fields=('run', 'key'), name='run_tag_key_once')],
            },
        ),
        migrations.CreateModel(
            name='StorageCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('max_files', models.BigIntegerField()),
                ('max_bytes', models.BigIntegerField()),
                ('after', models.BigIntegerField(default=0, help_text='the next check begins behind this blob; 0: with the first')),
                ('num_files', models.BigIntegerField(default=0, help_text='that were read')),
                ('size_bytes', models.BigIntegerField(default=0, help_text='that were read')),
                ('num_missing', models.BigIntegerField(default=0)),
                ('num_damaged', models.BigIntegerField(default=0)),
                ('num_healed', models.BigIntegerField(default=0, help_text='that were missing or damaged before, and are not now')),
                ('num_orphans', models.BigIntegerField(default=0, help_text='stored files that no row named, removed')),
                ('num_replaced', models.BigIntegerField(default=0, help_text='stored files that nothing needed any more, removed')),
                ('replaced_bytes', models.BigIntegerField(default=0)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('job', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='core.job')),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='StorageFault',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('missing', 'Missing'), ('damaged', 'Damaged')], max_length=7)),
                ('what', core.fields.CodePointTextField(help_text='the first files that it is, as text that outlives them')),
                ('found_at', models.DateTimeField(auto_now_add=True)),
                ('healed_at', models.DateTimeField(null=True)),
                ('blob', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='faults', to='tracker.blob')),
                ('found_by', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='faults', to='tracker.storagecheck')),
            ],
            options={
                'ordering': ['-pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('healed_at', None)), fields=('blob',), name='storage_fault_once_open')],
            },
        ),
        migrations.CreateModel(
            name='StorageFigure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('total', 'Total'), ('experiment', 'Experiment'), ('user', 'User'), ('type', 'Type')], max_length=10)),
                ('label', core.fields.CodePointTextField(help_text='a name or an ending, as it was then; of the total: named, stored, unneeded')),
                ('object_key', models.BigIntegerField(help_text='of the experiment or the user', null=True)),
                ('num_files', models.BigIntegerField()),
                ('size_bytes', models.BigIntegerField()),
                ('counted_at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['kind', '-size_bytes'], name='storage_figure_by_size')],
            },
        ),
        migrations.CreateModel(
            name='Upload',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('upload_id', core.fields.CodePointCharField(default=tracker.models.upload.new_upload_id, max_length=32, unique=True)),
                ('path', core.fields.CodePointCharField(max_length=1024)),
                ('num_parts', models.PositiveIntegerField()),
                ('is_complete', models.BooleanField(default=False)),
                ('token_id', models.BigIntegerField(help_text='the API token that began it; parts end with its rights', null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('blob', models.ForeignKey(help_text='what came of it, once it is complete', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='tracker.blob')),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('model', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='uploads', to='tracker.loggedmodel')),
                ('run', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='uploads', to='tracker.run')),
            ],
            options={
                'indexes': [models.Index(fields=['created_at'], name='upload_by_age')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('model__isnull', False), ('run', None)), models.Q(('model', None), ('run__isnull', False)), _connector='OR'), name='upload_has_one_owner')],
            },
        ),
        migrations.CreateModel(
            name='Piece',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('key', core.fields.CodePointCharField(max_length=64, unique=True)),
                ('size_bytes', models.BigIntegerField()),
                ('sha256', core.fields.CodePointCharField(help_text="hex; the part's ETag", max_length=64)),
                ('blob', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='pieces', to='tracker.blob')),
                ('upload', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='pieces', to='tracker.upload')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('upload', 'number'), name='piece_once')],
            },
        ),
    ]
