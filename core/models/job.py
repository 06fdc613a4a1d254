from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from core.fields import CodePointCharField


class JobQuerySet(models.QuerySet):
    def claimable(self):
        """Jobs that a worker may take now: due, not under somebody's lease, with attempts left."""
        now = timezone.now()
        return self.filter(
            Q(state=Job.State.QUEUED) | Q(state=Job.State.RUNNING, lease_until__lt=now),
            run_after__lte=now,
            attempts__lt=F("max_attempts"),
        )

    def unheard(self, for_s: float):
        """Claimable jobs whose doorbell was not rung lately: the message was lost, or nobody was at home."""
        since = timezone.now() - timedelta(seconds=for_s)
        return self.claimable().filter(Q(rung_at=None) | Q(rung_at__lt=since))

    def exhausted(self):
        """Jobs whose worker died for the last time that was allowed."""
        return self.filter(state=Job.State.RUNNING, lease_until__lt=timezone.now(), attempts__gte=F("max_attempts"))


class Job(models.Model):
    """A piece of background work; this row is the truth, a message on the broker only a doorbell."""

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    UNFINISHED = (State.QUEUED, State.RUNNING)
    # what `retry` takes
    STOPPED = (State.FAILED, State.CANCELLED)

    kind = CodePointCharField(max_length=64)
    arguments = models.JSONField(default=dict)
    state = models.CharField(max_length=16, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    max_attempts = models.PositiveSmallIntegerField(default=5)
    run_after = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField(null=True)
    leased_by = models.CharField(max_length=64, blank=True)
    rung_at = models.DateTimeField(null=True, help_text="when the doorbell was last rung")
    progress = models.FloatField(default=0, help_text="0 to 1")
    doing = models.CharField(max_length=200, blank=True, help_text="what it is doing now")
    result = models.JSONField(null=True)
    error = models.TextField(blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    # known to the process that runs it only: another has it now; when progress was last written
    is_lost = False
    reported_at = 0.0

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            # the sweeper's question: what is unfinished?
            models.Index(
                fields=["run_after"],
                condition=Q(state__in=["queued", "running"]),
                name="job_unfinished_by_due",
            )
        ]

    def __str__(self):
        return f"{self.kind} {self.pk}"

    @property
    def is_finished(self) -> bool:
        return self.state in (self.State.DONE, self.State.FAILED, self.State.CANCELLED)
