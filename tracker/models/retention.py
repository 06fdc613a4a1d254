from django.conf import settings
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Coalesce

from core.fields import CodePointCharField
from tracker.models.experiment import Experiment
from tracker.models.run import Run


class RetentionPolicy(models.Model):
    """For how long runs stay and which stay in any case: of one experiment, or of all that have none of their own."""

    experiment = models.OneToOneField(
        Experiment,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="retention",
        help_text="null for the site",
    )
    trash_after_days = models.PositiveIntegerField(null=True, blank=True, help_text="after their end; null for never")
    statuses = models.JSONField(
        default=list, blank=True, help_text="which runs go to the trash by age; [] for all ended"
    )
    purge_after_days = models.PositiveIntegerField(null=True, blank=True, help_text="in the trash; null for never")
    keep_best = models.PositiveIntegerField(default=0, help_text="so many of each experiment")
    keep_metric = CodePointCharField(max_length=250, blank=True, help_text="by its last value")
    is_large_good = models.BooleanField(default=True)
    keep_tags = models.JSONField(default=list, blank=True, help_text='["paper", "keep=yes"]: runs with one of these')
    is_daily = models.BooleanField(default=False, help_text="carried out every day; else only by hand")
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "retention policies"
        constraints = [
            models.CheckConstraint(
                condition=Q(keep_best=0) | ~Q(keep_metric=""),
                name="retention_best_has_metric",
                violation_error_message="Name the metric that says which runs are the best.",
            ),
            # null is distinct from null, so the site's single policy takes an index of its own
            models.UniqueConstraint(
                Coalesce("experiment", Value(-1)), name="retention_once", condition=Q(experiment=None)
            ),
        ]

    def __str__(self):
        return f"retention of {self.experiment or 'the site'}"


class Hold(models.Model):
    """Why a run, or all runs of an experiment, must not be deleted for good, whatever a policy says."""

    class Kind(models.TextChoices):
        PIN = "pin", "Pinned"
        LEGAL = "legal", "Legal hold"

    kind = models.CharField(max_length=5, choices=Kind.choices)
    run = models.ForeignKey(Run, null=True, blank=True, on_delete=models.PROTECT, related_name="holds")
    experiment = models.ForeignKey(Experiment, null=True, blank=True, on_delete=models.PROTECT, related_name="holds")
    reason = models.CharField(max_length=500, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(run=None, experiment__isnull=False) | Q(run__isnull=False, experiment=None),
                name="hold_is_of_run_or_experiment",
            ),
            models.UniqueConstraint(fields=["run", "kind"], condition=Q(run__isnull=False), name="hold_once_of_run"),
            models.UniqueConstraint(
                fields=["experiment", "kind"], condition=Q(experiment__isnull=False), name="hold_once_of_experiment"
            ),
        ]

    def __str__(self):
        what = self.run or self.experiment
        return f"{self.get_kind_display()} on {what}"
