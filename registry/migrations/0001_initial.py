import accounts.granted
import core.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '__first__'),
        ('auth', '0012_alter_user_first_name_max_length'),
        ('tracker', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='RegisteredModel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', core.fields.CodePointCharField(max_length=256)),
                ('description', models.TextField(blank=True)),
                ('is_private', models.BooleanField(default=False, help_text='only those with a grant know of it')),
                ('token_id', models.BigIntegerField(help_text='the API token that created it', null=True)),
                ('creation_time_ms', models.BigIntegerField()),
                ('last_updated_time_ms', models.BigIntegerField()),
                ('last_version', models.PositiveIntegerField(default=0, help_text='the highest number that was ever given')),
                ('deleted_at', models.DateTimeField(blank=True, null=True)),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['-last_updated_time_ms', 'id'], name='registered_model_by_update')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('deleted_at', None)), fields=('name',), name='registered_model_name_once')],
            },
            bases=(accounts.granted.Granted, models.Model),
        ),
        migrations.CreateModel(
            name='ModelGrant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('level', models.PositiveSmallIntegerField(choices=[(10, 'View'), (30, 'Edit'), (40, 'Manage')])),
                ('granted_at', models.DateTimeField(auto_now_add=True)),
                ('granted_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('group', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='model_grants', to='auth.group')),
                ('user', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='model_grants', to=settings.AUTH_USER_MODEL)),
                ('model', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='grants', to='registry.registeredmodel')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('group__isnull', False), ('user', None)), models.Q(('group', None), ('user__isnull', False)), _connector='OR'), name='model_grant_is_to_user_or_group'), models.CheckConstraint(condition=models.Q(('level__in', [10, 30, 40])), name='model_grant_level'), models.UniqueConstraint(condition=models.Q(('user__isnull', False)), fields=('user', 'model'), name='model_grant_once_to_user'), models.UniqueConstraint(condition=models.Q(('group__isnull', False)), fields=('group', 'model'), name='model_grant_once_to_group')],
            },
        ),
        migrations.CreateModel(
            name='ModelVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField()),
                ('description', models.TextField(blank=True)),
                ('source', core.fields.CodePointTextField(help_text='as the client sent it')),
                ('storage_location', models.TextField(help_text='where the files are, resolved when it was registered')),
                ('run_id', core.fields.CodePointCharField(blank=True, help_text='as text that outlives the run', max_length=256)),
                ('logged_model_id', core.fields.CodePointCharField(blank=True, help_text='model_id on the wire, as text', max_length=256)),
                ('run_link', models.TextField(blank=True)),
                ('stage', core.fields.CodePointCharField(choices=[('None', 'None'), ('Staging', 'Staging'), ('Production', 'Production'), ('Archived', 'Archived')], default='None', max_length=10)),
                ('added_stage', core.fields.CodePointCharField(blank=True, db_default='', default='', help_text='one that a policy adds, shown as `stage` on the wire', max_length=50)),
                ('token_id', models.BigIntegerField(help_text='the API token that registered it', null=True)),
                ('creation_time_ms', models.BigIntegerField()),
                ('last_updated_time_ms', models.BigIntegerField()),
                ('deleted_at', models.DateTimeField(blank=True, null=True)),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('source_model', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='model_versions', to='tracker.loggedmodel')),
                ('source_run', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='model_versions', to='tracker.run')),
                ('model', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='registry.registeredmodel')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('deleted_at', None)), fields=['model', 'stage', '-version'], name='model_version_by_stage'), models.Index(condition=models.Q(('deleted_at', None)), fields=['-last_updated_time_ms', 'id'], name='model_version_by_update'), models.Index(condition=models.Q(('deleted_at', None)), fields=['-creation_time_ms', 'id'], name='model_version_by_creation'), models.Index(fields=['run_id'], name='model_version_by_run')],
                'constraints': [models.UniqueConstraint(fields=('model', 'version'), name='model_version_number_once'), models.CheckConstraint(condition=models.Q(('stage__in', ['None', 'Staging', 'Production', 'Archived'])), name='model_version_stage')],
            },
        ),
        migrations.CreateModel(
            name='Alias',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', core.fields.CodePointCharField(max_length=255)),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='aliases', to='registry.modelversion')),
                ('model', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='aliases', to='registry.registeredmodel')),
            ],
            options={
                'verbose_name_plural': 'aliases',
                'constraints': [models.UniqueConstraint(fields=('model', 'name'), name='alias_once_in_model')],
            },
        ),
        migrations.CreateModel(
            name='Check',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', core.fields.CodePointCharField(max_length=100)),
                ('state', models.CharField(choices=[('pending', 'Pending'), ('passed', 'Passed'), ('failed', 'Failed')], max_length=7)),
                ('summary', models.CharField(blank=True, max_length=500)),
                ('link', models.CharField(blank=True, max_length=2048)),
                ('files_digest', models.CharField(blank=True, db_default='', default='', help_text='of the files that were there then', max_length=64)),
                ('posted_at', models.DateTimeField(auto_now=True)),
                ('posted_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='checks', to='registry.modelversion')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('version', 'name'), name='check_once_in_version')],
            },
        ),
        migrations.CreateModel(
            name='ModelVersionTag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', core.fields.CodePointCharField(max_length=250)),
                ('value', core.fields.CodePointTextField()),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tags', to='registry.modelversion')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('version', 'key'), name='model_version_tag_key_once')],
            },
        ),
        migrations.CreateModel(
            name='RegisteredModelTag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', core.fields.CodePointCharField(max_length=250)),
                ('value', core.fields.CodePointTextField()),
                ('model', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tags', to='registry.registeredmodel')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('model', 'key'), name='registered_model_tag_key_once')],
            },
        ),
        migrations.CreateModel(
            name='StagePolicy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('stage', 'Stage'), ('alias', 'Alias')], default='stage', max_length=5)),
                ('target', core.fields.CodePointCharField(help_text='a stage such as Production, or an alias such as champion', max_length=255)),
                ('wire_stage', core.fields.CodePointCharField(blank=True, choices=[('None', 'None'), ('Staging', 'Staging'), ('Production', 'Production'), ('Archived', 'Archived')], db_default='', default='', help_text='what a stage that this policy adds shows as on the wire', max_length=10)),
                ('shown_as', models.CharField(blank=True, help_text='what pages call the stage', max_length=50)),
                ('num_approvals', models.PositiveSmallIntegerField(default=1)),
                ('requester_may_approve', models.BooleanField(default=False)),
                ('archives_incumbent', models.BooleanField(default=False, help_text='what was in the stage is archived in the same transaction, asked for or not')),
                ('requires_comment', models.BooleanField(default=False)),
                ('expires_after_days', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('managers_may_bypass', models.BooleanField(default=False, help_text='always marked in the history')),
                ('locks_version', models.BooleanField(default=False, help_text='a version in it cannot be edited')),
                ('opens_request', models.BooleanField(default=False, help_text='a script that asks in vain opens the request')),
                ('checks', models.JSONField(blank=True, default=list, help_text='what must hold; see registry/checks.py')),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('approver_groups', models.ManyToManyField(blank=True, help_text='whose members may approve; without any, who manages the model', related_name='+', to='auth.group')),
                ('model', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='policies', to='registry.registeredmodel')),
                ('updated_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name_plural': 'stage policies',
                'constraints': [models.UniqueConstraint(condition=models.Q(('model__isnull', False)), fields=('model', 'kind', 'target'), name='policy_once_in_model'), models.UniqueConstraint(condition=models.Q(('model', None)), fields=('kind', 'target'), name='policy_once_as_site_default')],
            },
        ),
        migrations.CreateModel(
            name='TransitionRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('stage', 'Stage'), ('alias', 'Alias')], default='stage', max_length=5)),
                ('target', core.fields.CodePointCharField(max_length=255)),
                ('state', models.CharField(choices=[('open', 'Open'), ('applied', 'Applied'), ('rejected', 'Rejected'), ('cancelled', 'Cancelled'), ('expired', 'Expired')], default='open', max_length=9)),
                ('token_id', models.BigIntegerField(null=True)),
                ('comment', models.TextField(blank=True)),
                ('archives_incumbent', models.BooleanField(default=False)),
                ('requested_at', models.DateTimeField(auto_now_add=True)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('evidence', models.JSONField(help_text='what the version stood on when it was last looked at; registry/evidence.py')),
                ('evidence_digest', models.CharField(max_length=64)),
                ('current_digest', models.CharField(blank=True, db_default='', default='', help_text='of the evidence as it was found last, by the clock', max_length=64)),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('decision_comment', models.TextField(blank=True)),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('requested_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='requests', to='registry.modelversion')),
            ],
            options={
                'ordering': ['-pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'open')), fields=('version', 'kind', 'target'), name='one_open_request')],
            },
        ),
        migrations.CreateModel(
            name='Approval',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('token_id', models.BigIntegerField(null=True)),
                ('comment', models.TextField(blank=True)),
                ('evidence_digest', models.CharField(max_length=64)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='approvals', to='registry.transitionrequest')),
            ],
            options={
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(fields=('request', 'by', 'evidence_digest'), name='approval_once_on_evidence')],
            },
        ),
        migrations.CreateModel(
            name='StageEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('kind', models.CharField(choices=[('stage', 'Stage'), ('alias', 'Alias')], max_length=5)),
                ('alias', core.fields.CodePointCharField(blank=True, max_length=255)),
                ('from_stage', core.fields.CodePointCharField(blank=True, max_length=50)),
                ('to_stage', core.fields.CodePointCharField(blank=True, max_length=50)),
                ('from_version', models.PositiveIntegerField(null=True)),
                ('to_version', models.PositiveIntegerField(null=True)),
                ('actor_id', models.BigIntegerField(null=True)),
                ('actor', models.CharField(max_length=150)),
                ('token_id', models.BigIntegerField(null=True)),
                ('comment', models.TextField(blank=True)),
                ('is_unreviewed', models.BooleanField(default=False, help_text='there was nobody else who could have approved')),
                ('is_bypass', models.BooleanField(default=False, help_text='a manager went past the policy')),
                ('is_side_effect', models.BooleanField(default=False, help_text='it followed from another change')),
                ('model', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='stage_events', to='registry.registeredmodel')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='stage_events', to='registry.modelversion')),
                ('request', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='events', to='registry.transitionrequest')),
            ],
            options={
                'ordering': ['-pk'],
                'indexes': [models.Index(fields=['model', 'kind', 'at'], name='stage_event_by_time'), models.Index(fields=['version', '-id'], name='stage_event_by_version')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('alias', ''), ('kind', 'stage'), ('to_stage__gt', '')), models.Q(('alias__gt', ''), ('kind', 'alias'), ('to_stage', '')), _connector='OR'), name='stage_event_is_of_stage_or_alias')],
            },
        ),
    ]
