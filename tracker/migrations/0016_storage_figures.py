"""Figures of storage, counted every night."""

import core.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tracker', '0015_storage_checks'),
    ]

    operations = [
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
    ]
