from django.db import models

from core.fields import CodePointCharField


class Heartbeat(models.Model):
    """When a process of the background last showed that it lives: a worker, or beat by a tick that arrived."""

    class Kind(models.TextChoices):
        WORKER = "worker", "Worker"
        BEAT = "beat", "Beat"

    kind = models.CharField(max_length=6, choices=Kind.choices)
    name = CodePointCharField(max_length=64, unique=True, help_text="host:process; of beat: beat")
    started_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField()

    def __str__(self):
        return self.name
