import core.fields
import core.models.webhook
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '__first__'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('actor_id', models.BigIntegerField(null=True)),
                ('actor', models.CharField(help_text='name of the person or service account at that time', max_length=150)),
                ('token_id', models.BigIntegerField(help_text='the API token that was used, if any', null=True)),
                ('action', core.fields.CodePointCharField(help_text='noun.verb, such as token.revoke', max_length=64)),
                ('object_kind', core.fields.CodePointCharField(max_length=32)),
                ('object_id', core.fields.CodePointCharField(max_length=64)),
                ('object_text', models.CharField(max_length=500)),
                ('details', models.JSONField(default=dict)),
            ],
            options={
                'ordering': ['-pk'],
                'indexes': [models.Index(fields=['object_kind', 'object_id', '-id'], name='audit_by_object'), models.Index(fields=['actor_id', '-id'], name='audit_by_actor')],
            },
        ),
        migrations.CreateModel(
            name='AuditSeal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sequence', models.BigIntegerField(unique=True)),
                ('mac', models.CharField(max_length=64)),
                ('sealed_at', models.DateTimeField(auto_now_add=True)),
                ('event', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='seal', to='core.auditevent')),
            ],
            options={
                'ordering': ['sequence'],
            },
        ),
        migrations.CreateModel(
            name='Comment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', core.fields.CodePointCharField(max_length=32)),
                ('object_id', models.BigIntegerField()),
                ('text', models.TextField()),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('edited_at', models.DateTimeField(blank=True, null=True)),
                ('deleted_at', models.DateTimeField(blank=True, null=True)),
                ('author', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='comments', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['pk'],
                'indexes': [models.Index(fields=['kind', 'object_id', 'id'], name='comment_by_object')],
            },
        ),
        migrations.CreateModel(
            name='CommentRevision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.TextField()),
                ('replaced_at', models.DateTimeField(auto_now_add=True)),
                ('comment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='revisions', to='core.comment')),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='IdempotentAnswer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', core.fields.CodePointCharField(max_length=255)),
                ('request_digest', core.fields.CodePointCharField(help_text='sha256 of path and body, hex', max_length=64)),
                ('answer', models.BinaryField()),
                ('created_at', models.DateTimeField(auto_now_add=True, db_index=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('user', 'key'), name='idempotency_key_once')],
            },
        ),
        migrations.CreateModel(
            name='Job',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', core.fields.CodePointCharField(max_length=64)),
                ('arguments', models.JSONField(default=dict)),
                ('state', models.CharField(choices=[('queued', 'Queued'), ('running', 'Running'), ('done', 'Done'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], default='queued', max_length=16)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('max_attempts', models.PositiveSmallIntegerField(default=5)),
                ('run_after', models.DateTimeField(default=django.utils.timezone.now)),
                ('lease_until', models.DateTimeField(null=True)),
                ('leased_by', models.CharField(blank=True, max_length=64)),
                ('rung_at', models.DateTimeField(help_text='when the doorbell was last rung', null=True)),
                ('progress', models.FloatField(default=0, help_text='0 to 1')),
                ('doing', models.CharField(blank=True, help_text='what it is doing now', max_length=200)),
                ('result', models.JSONField(null=True)),
                ('error', models.TextField(blank=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('started_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-pk'],
                'indexes': [models.Index(condition=models.Q(('state__in', ['queued', 'running'])), fields=['run_after'], name='job_unfinished_by_due')],
            },
        ),
        migrations.CreateModel(
            name='Lease',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', core.fields.CodePointCharField(max_length=64, unique=True)),
                ('holder', models.CharField(blank=True, max_length=64)),
                ('until', models.DateTimeField()),
                ('last_run_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('topic', models.CharField(choices=[('review', 'a request waits for my review'), ('request', 'something happens to a request of mine'), ('mention', 'somebody mentions me'), ('bypass', 'somebody goes past a policy of a model that I manage'), ('run_failed', 'a run of mine fails'), ('run_stalled', 'a run of mine falls silent'), ('token', 'an API token of mine is about to end')], max_length=16)),
                ('kind', core.fields.CodePointCharField(help_text='what it is about, and with it who may see it', max_length=32)),
                ('object_id', models.BigIntegerField()),
                ('place', core.fields.CodePointCharField(blank=True, help_text='where on the page of that, such as #comment-7', max_length=64)),
                ('text', models.CharField(max_length=500)),
                ('detail', models.TextField(blank=True, help_text='what somebody wrote, shortened')),
                ('in_portal', models.BooleanField(default=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('read_at', models.DateTimeField(blank=True, null=True)),
                ('mail', models.CharField(blank=True, choices=[('', 'Not asked for'), ('waiting', 'Waiting'), ('sent', 'Sent'), ('failed', 'Failed'), ('withheld', 'Withheld')], default='', max_length=8)),
                ('mail_job', models.BigIntegerField(help_text='the job that has taken it to send it', null=True)),
                ('mailed_at', models.DateTimeField(blank=True, null=True)),
                ('recipient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notices', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-pk'],
                'indexes': [models.Index(fields=['recipient', '-id'], name='notice_by_recipient'), models.Index(condition=models.Q(('in_portal', True), ('read_at', None)), fields=['recipient'], name='notice_unread'), models.Index(condition=models.Q(('mail', 'waiting')), fields=['recipient', 'topic'], name='notice_to_mail'), models.Index(fields=['kind', 'object_id'], name='notice_by_object')],
            },
        ),
        migrations.CreateModel(
            name='NoticeChoice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('topic', models.CharField(choices=[('review', 'a request waits for my review'), ('request', 'something happens to a request of mine'), ('mention', 'somebody mentions me'), ('bypass', 'somebody goes past a policy of a model that I manage'), ('run_failed', 'a run of mine fails'), ('run_stalled', 'a run of mine falls silent'), ('token', 'an API token of mine is about to end')], max_length=16)),
                ('in_portal', models.BooleanField()),
                ('by_mail', models.BooleanField()),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notice_choices', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('user', 'topic'), name='notice_choice_once')],
            },
        ),
        migrations.CreateModel(
            name='Star',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', core.fields.CodePointCharField(max_length=32)),
                ('object_id', models.BigIntegerField()),
                ('starred_at', models.DateTimeField(auto_now_add=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='stars', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('user', 'kind', 'object_id'), name='star_once')],
            },
        ),
        migrations.CreateModel(
            name='Webhook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('webhook_id', core.fields.CodePointCharField(default=core.models.webhook.new_id, max_length=36, unique=True)),
                ('vocabulary', models.CharField(choices=[('mlflow', 'MLflow'), ('databricks', 'Databricks'), ('assay', 'Assay')], max_length=10)),
                ('name', core.fields.CodePointCharField(blank=True, max_length=63)),
                ('url', models.CharField(max_length=2048)),
                ('events', models.JSONField(help_text='names of its vocabulary')),
                ('description', models.TextField(blank=True)),
                ('sealed_secret', models.TextField(blank=True, editable=False, help_text='encrypted, core/secret_text.py')),
                ('status', models.CharField(choices=[('ACTIVE', 'Active'), ('DISABLED', 'Disabled'), ('TEST_MODE', 'Test only')], default='ACTIVE', max_length=9)),
                ('kind', core.fields.CodePointCharField(blank=True, help_text='empty for the whole site', max_length=32)),
                ('object_id', models.BigIntegerField(null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='webhooks', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['pk'],
                'indexes': [models.Index(fields=['kind', 'object_id'], name='webhook_by_object')],
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('delivery_id', core.fields.CodePointCharField(default=core.models.webhook.new_id, max_length=36, unique=True)),
                ('event', core.fields.CodePointCharField(max_length=64)),
                ('kind', core.fields.CodePointCharField(help_text='what the event is about', max_length=32)),
                ('object_id', models.BigIntegerField(null=True)),
                ('body', models.TextField(help_text='as it is sent, each time the same')),
                ('is_test', models.BooleanField(default=False)),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('delivered', 'Delivered'), ('failed', 'Failed'), ('withheld', 'Withheld')], default='waiting', max_length=9)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('status_code', models.PositiveSmallIntegerField(help_text='of the last try', null=True)),
                ('error', models.TextField(blank=True)),
                ('tries', models.JSONField(default=list, help_text='at, status_code and error of each')),
                ('created_at', models.DateTimeField(auto_now_add=True, db_index=True)),
                ('webhook', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='core.webhook')),
            ],
            options={
                'verbose_name_plural': 'deliveries',
                'ordering': ['-pk'],
            },
        ),
    ]
