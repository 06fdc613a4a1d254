"""Reports of the nightly look at stored files, and what was missing or damaged."""

import core.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0008_run_webhooks'),
        ('tracker', '0014_retention'),
    ]

    operations = [
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
    ]
