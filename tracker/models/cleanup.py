from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from core.fields import CodePointCharField, CodePointTextField
from core.models import Job
from tracker.models.experiment import Experiment
from tracker.models.retention import RetentionPolicy


class CleanupReportQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Reports of experiments that `user` may see; those of the site, and of what is gone, are the site admins'."""
        return self if user.is_superuser else self.filter(experiment__in=Experiment.objects.visible_to(user))

    def manageable_by(self, user):
        return self if user.is_superuser else self.filter(experiment__in=Experiment.objects.manageable_by(user))


class CleanupReport(models.Model):
    """One dry run of a retention policy, and what came of it where it was carried out."""

    class State(models.TextChoices):
        DECIDING = "deciding", "Looking"
        DECIDED = "decided", "Dry run"
        CLEANING = "cleaning", "Cleaning up"
        DONE = "done", "Carried out"

    policy = models.ForeignKey(RetentionPolicy, null=True, on_delete=models.SET_NULL, related_name="reports")
    experiment = models.ForeignKey(Experiment, null=True, on_delete=models.SET_NULL, related_name="+")
    scope = CodePointTextField(help_text="the experiment's name then, or: the site")
    rules = models.JSONField(help_text="of the policy as it was then; tracker/retention.py")
    state = models.CharField(max_length=8, choices=State.choices, default=State.DECIDING)
    is_daily = models.BooleanField(default=False, help_text="made by the schedule, which carries it out as well")
    # of entries, as they were decided
    num_trash = models.BigIntegerField(default=0)
    num_purge = models.BigIntegerField(default=0)
    num_kept = models.BigIntegerField(default=0)
    purge_bytes = models.BigIntegerField(default=0, help_text="of all files of the runs to be deleted for good")
    freed_bytes = models.BigIntegerField(default=0, help_text="of those that nothing else has the content of")
    kept_bytes = models.BigIntegerField(default=0)
    kept_by_rule = models.JSONField(default=dict, help_text='{"registered": [3, 12345]}: runs and bytes')
    # of what was carried out
    num_trashed = models.BigIntegerField(default=0)
    num_purged = models.BigIntegerField(default=0)
    num_spared = models.BigIntegerField(default=0, help_text="that had to stay after all")
    removed_bytes = models.BigIntegerField(default=0, help_text="of all stored files that no row named then")
    job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="+")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    carried_out_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    objects = CleanupReportQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return f"clean-up {self.pk} of {self.scope}"

    def get_absolute_url(self) -> str:
        return reverse("clean-up", args=[self.pk])

    @property
    def is_under_way(self) -> bool:
        """Whether a job is looking or cleaning, or waits to."""
        is_open = self.state in (self.State.DECIDING, self.State.CLEANING)
        return is_open and self.job is not None and not self.job.is_finished


class CleanupEntry(models.Model):
    """What a report says of one run, as text that outlives it."""

    class Step(models.TextChoices):
        KEEP = "keep", "Stays"
        TRASH = "trash", "To the trash"
        PURGE = "purge", "For good"

    class Outcome(models.TextChoices):
        OPEN = "open", "Not yet"
        DONE = "done", "Done"
        SPARED = "spared", "Stayed after all"

    report = models.ForeignKey(CleanupReport, on_delete=models.CASCADE, related_name="entries", db_index=False)
    run_key = models.BigIntegerField()
    run_id = CodePointCharField(max_length=32)
    name = CodePointTextField()
    step = models.CharField(max_length=5, choices=Step.choices)
    rule = models.CharField(max_length=10, help_text="tracker.retention.Rule")
    reason = models.TextField()
    size_bytes = models.BigIntegerField()
    outcome = models.CharField(max_length=6, choices=Outcome.choices, default=Outcome.OPEN)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["report", "run_key"], name="cleanup_entry_once")]
        indexes = [
            # what a job has yet to do
            models.Index(
                fields=["report", "step", "run_key"],
                condition=Q(step__in=["trash", "purge"], outcome="open"),
                name="cleanup_entry_open",
            ),
            # a page of the report
            models.Index(fields=["report", "step", "id"], name="cleanup_entry_by_step"),
        ]

    def __str__(self):
        return f"{self.name}: {self.reason}"
