from django.conf import settings
from django.db import models

from core.fields import CodePointCharField
from core.models import Job


class Import(models.Model):
    """One taking over of what another server kept: from where, how, and what came of it."""

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        STOPPED = "stopped", "Stopped"
        FAILED = "failed", "Failed"

    source = CodePointCharField(max_length=1000, help_text="its address, without credentials")
    options = models.JSONField(default=dict, help_text="imports/options.py")
    is_dry_run = models.BooleanField(default=False, help_text="it only looked, and wrote nothing but this")
    state = models.CharField(max_length=7, choices=State.choices, default=State.RUNNING)
    counts = models.JSONField(default=dict, help_text='{"runs": {"taken": 3, "there": 1, "left": 0}, …}')
    problems = models.JSONField(default=list, help_text="[what, name, why], the first of them")
    num_problems = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True, help_text="why it failed")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", help_text="of what comes"
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    job = models.OneToOneField(Job, null=True, on_delete=models.SET_NULL, related_name="+")
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return f"import from {self.source}"


class Origin(models.Model):
    """What something was called where it came from; a later import finds it by that. Of runs only those of bundles."""

    class Kind(models.TextChoices):
        EXPERIMENT = "experiment"
        MODEL = "registeredmodel"
        RUN = "run"
        LOGGED_MODEL = "loggedmodel"

    source = CodePointCharField(max_length=1000)
    kind = models.CharField(max_length=15, choices=Kind.choices)
    their_id = CodePointCharField(max_length=500, help_text="its id, the name of a registered model")
    object_id = models.BigIntegerField(help_text="our key; what it names may have been purged since")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "kind", "their_id"], name="origin_once")]

    def __str__(self):
        return f"{self.kind} {self.their_id} of {self.source}"
