"""Emptying the database after a test that had transactions of its own (`transaction=True`).

Django's flush deletes rows on SQLite, which the triggers of the audit log refuse; it passes by the points, which it does
not manage; and it takes away what migrations brought.
"""

import time

from django.db import connection
from django.db.models.signals import post_migrate


def mend_flush() -> None:
    """Have flush pass the triggers and bring back experiment 0, for the rest of this process."""
    kind = type(connection.ops)
    original = kind.sql_flush

    def sql_flush(self, *args, **kwargs):
        statements = original(self, *args, **kwargs)
        if self.connection.vendor == "postgresql":
            return [*statements, "TRUNCATE tracker_metricpoint, tracker_indexedmetric, tracker_indexedparam"]
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            triggers = cursor.fetchall()
        statements = [
            *statements,
            *(f"DELETE FROM {table}" for table in ("tracker_indexedmetric", "tracker_indexedparam")),
        ]
        return [*(f"DROP TRIGGER {name}" for name, _ in triggers), *statements, *(sql for _, sql in triggers)]

    kind.sql_flush = sql_flush
    post_migrate.connect(_bring_back_experiment_0, dispatch_uid="tests.flushing")


def _bring_back_experiment_0(app_config, **kwargs):
    if app_config.name != "tracker":
        return
    from tracker.models import Experiment

    now = time.time_ns() // 1_000_000
    location = "mlflow-artifacts:/0"
    defaults = {"name": "Default", "artifact_location": location, "creation_time_ms": now, "last_update_time_ms": now}
    Experiment.objects.get_or_create(pk=0, defaults=defaults)
