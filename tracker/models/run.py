from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.urls import reverse

from accounts.access import Level
from core.fields import CodePointCharField, CodePointTextField
from tracker.models.experiment import Experiment, ExperimentGrant


class AsRunId(models.Func):
    """The beginning of a text that should be a run's id; an entry of PostgreSQL's indexes has no room for a long value.

    Its bounds are literals, because SQLite finds an index by the text of its expression.
    """

    template = "SUBSTR(%(expressions)s, 1, 64)"
    output_field = CodePointTextField()


# in literals and in the words of the indexes run_live and run_unfinished, or SQLite does not see that these hold them
_LIVE = """
SELECT id FROM tracker_run WHERE deleted_at IS NULL AND status = 'RUNNING' UNION ALL
SELECT id FROM tracker_run
WHERE deleted_at IS NULL AND status IN ('FAILED', 'KILLED', 'SCHEDULED') AND status = 'SCHEDULED'
"""


class RunQuerySet(models.QuerySet):
    def _in_experiments(self, experiments):
        return self.filter(experiment__in=experiments)

    def visible_to(self, user):
        return (
            self if user.is_superuser and user.is_active else self._in_experiments(Experiment.objects.visible_to(user))
        )

    def loggable_by(self, user):
        """Runs that `user` may write to: own ones, any where Log was granted, any where Edit is held."""
        if not user.is_active:
            return self.none()
        if user.is_superuser:
            return self
        granted = ExperimentGrant.objects.held_by(user, Level.LOG).values("experiment_id")
        return self.filter(
            Q(created_by=user, experiment__in=Experiment.objects.loggable_by(user))
            | Q(experiment__in=granted)
            | Q(experiment__in=Experiment.objects.editable_by(user))
        )

    def editable_by(self, user):
        return (
            self if user.is_superuser and user.is_active else self._in_experiments(Experiment.objects.editable_by(user))
        )

    def deletable_by(self, user):
        """Runs that `user` may delete and restore: own ones where Log is held, any where Edit is."""
        if user.is_superuser and user.is_active:
            return self
        return self.filter(
            Q(created_by=user, experiment__in=Experiment.objects.loggable_by(user))
            | Q(experiment__in=Experiment.objects.editable_by(user))
        )

    def active(self):
        return self.filter(deleted_at=None)

    def live(self):
        """Those that run or wait to: few, whichever way there are to them."""
        return self.filter(pk__in=RawSQL(_LIVE, []))

    def deleted(self):
        return self.exclude(deleted_at=None)


class Run(models.Model):
    """One execution of training code, with what it logged; `run_id` is its name on the wire."""

    class Status(models.TextChoices):
        RUNNING = "RUNNING", "Running"
        SCHEDULED = "SCHEDULED", "Scheduled"
        FINISHED = "FINISHED", "Finished"
        FAILED = "FAILED", "Failed"
        KILLED = "KILLED", "Killed"

    run_id = CodePointCharField(max_length=32, unique=True)
    # run_by_experiment serves what its own index would
    experiment = models.ForeignKey(Experiment, on_delete=models.PROTECT, related_name="runs", db_index=False)
    name = CodePointTextField(help_text="mirrored in the tag mlflow.runName")
    status = CodePointCharField(max_length=9, choices=Status.choices, default=Status.RUNNING)
    start_time_ms = models.BigIntegerField()
    end_time_ms = models.BigIntegerField(null=True)
    claimed_user = CodePointCharField(max_length=256, blank=True, help_text="user_id as the client sent it")
    # and run_by_author_start what the author's would
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="runs", db_index=False
    )
    token_id = models.BigIntegerField(
        null=True, help_text="the API token that created it, as a number that outlives it"
    )
    artifact_uri = models.CharField(max_length=2048)
    deleted_at = models.DateTimeField(null=True, blank=True)
    stalled_at = models.DateTimeField(null=True, blank=True, help_text="when it was seen to have fallen silent")
    created_at = models.DateTimeField(auto_now_add=True)
    is_indexed = models.BooleanField(
        default=False, db_default=False, help_text="its metrics and params stand in the index by value"
    )

    objects = RunQuerySet.as_manager()

    class Meta:
        indexes = [
            # the client's default order within an experiment, and the runs table's
            models.Index(fields=["experiment", "-start_time_ms", "run_id"], name="run_by_experiment_start"),
            # the last that arrived in an experiment, which its live page asks for again and again
            models.Index(fields=["experiment", "id"], name="run_by_experiment"),
            # my running runs
            models.Index(fields=["created_by", "-start_time_ms"], name="run_by_author_start"),
            # what is live
            models.Index(fields=["experiment"], condition=Q(status="RUNNING", deleted_at=None), name="run_live"),
            # how many failed or wait, in the list of experiments; the rest of what is not live has finished
            models.Index(
                fields=["experiment", "status"],
                condition=Q(status__in=["FAILED", "KILLED", "SCHEDULED"], deleted_at=None),
                name="run_unfinished",
            ),
            # whose metrics and params a search reads by themselves, and who waits for the indexer
            models.Index(fields=["experiment"], condition=Q(is_indexed=False), name="run_not_indexed"),
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("run-detail", args=[self.run_id])

    @property
    def is_deleted(self) -> bool:
        return self.deleted_at is not None

    @property
    def is_live(self) -> bool:
        return self.status in (self.Status.RUNNING, self.Status.SCHEDULED) and not self.is_deleted

    @property
    def is_stalled(self) -> bool:
        return self.stalled_at is not None and self.status == self.Status.RUNNING and not self.is_deleted

    @property
    def duration_ms(self) -> int | None:
        return None if self.end_time_ms is None else self.end_time_ms - self.start_time_ms


class Param(models.Model):
    """A parameter of a run, written once."""

    # the constraint's index serves what its own would
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="params", db_index=False)
    key = CodePointCharField(max_length=250)
    value = CodePointTextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "key"], name="param_key_once")]

    def __str__(self):
        return f"{self.key}={self.value}"


class RunTag(models.Model):
    """A key and its value on a run."""

    # the constraint's index serves what its own would
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="tags", db_index=False)
    key = CodePointCharField(max_length=250)
    value = CodePointTextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "key"], name="run_tag_key_once")]
        indexes = [
            # the children of a run
            models.Index(AsRunId("value"), condition=Q(key="mlflow.parentRunId"), name="run_tag_by_parent"),
        ]

    def __str__(self):
        return f"{self.key}={self.value}"
