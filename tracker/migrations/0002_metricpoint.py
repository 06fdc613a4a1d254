"""The history of metrics: one narrow row a point, whose key is all of it.

A repeated point is the same row, so a retried batch writes nothing twice. On SQLite the table is its own index (WITHOUT
ROWID); on PostgreSQL it is partitioned by hash from the start, because a table cannot become partitioned later. Django
cannot express either, so the table is written by hand and read by tracker/series.py and tracker/ingest.py alone.
"""

from django.db import migrations

SQLITE = """
CREATE TABLE tracker_metricpoint (
    metric_id integer NOT NULL REFERENCES tracker_metric (id) ON DELETE CASCADE,
    step integer NOT NULL,
    timestamp_ms integer NOT NULL,
    value real NOT NULL,
    is_nan integer NOT NULL,
    PRIMARY KEY (metric_id, step, timestamp_ms, value, is_nan)
) WITHOUT ROWID
"""

POSTGRESQL = """
CREATE TABLE tracker_metricpoint (
    metric_id bigint NOT NULL,
    step bigint NOT NULL,
    timestamp_ms bigint NOT NULL,
    value double precision NOT NULL,
    is_nan boolean NOT NULL,
    PRIMARY KEY (metric_id, step, timestamp_ms, value, is_nan)
) PARTITION BY HASH (metric_id)
"""

PARTITIONS = 16


def create(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute(SQLITE)
        return
    schema_editor.execute(POSTGRESQL)
    for part in range(PARTITIONS):
        schema_editor.execute(
            f"CREATE TABLE tracker_metricpoint_{part} PARTITION OF tracker_metricpoint "
            f"FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {part})"
        )


def drop(apps, schema_editor):
    schema_editor.execute("DROP TABLE tracker_metricpoint")


class Migration(migrations.Migration):
    dependencies = [("tracker", "0001_initial")]
    operations = [migrations.RunPython(create, drop)]
