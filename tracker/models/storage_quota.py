from django.conf import settings
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Coalesce

from tracker.models.experiment import Experiment


class StorageQuota(models.Model):
    """How many bytes an experiment should not exceed, of one or of all that have none of their own; nothing is refused by it."""

    experiment = models.OneToOneField(
        Experiment,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="storage_quota",
        help_text="null for all that have none of their own",
    )
    limit_bytes = models.BigIntegerField(null=True, blank=True, help_text="null for no limit, whatever holds for all")
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "storage limit"
        constraints = [
            # null is distinct from null, so the one for all takes an index of its own
            models.UniqueConstraint(
                Coalesce("experiment", Value(-1)), name="storage_quota_once", condition=Q(experiment=None)
            ),
        ]

    def __str__(self):
        return f"storage limit of {self.experiment or 'every experiment'}"


class QuotaReached(models.Model):
    """How far an experiment has filled its limit, as its managers were told; so that they are told once."""

    experiment = models.OneToOneField(Experiment, on_delete=models.CASCADE, related_name="quota_reached")
    percent = models.PositiveSmallIntegerField(help_text="80 or 100")
    told_at = models.DateTimeField()

    def __str__(self):
        return f"{self.experiment} at {self.percent} %"
