from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from core.fields import CodePointCharField, CodePointTextField
from core.models import Job
from tracker.models.run import Run


class ComparisonQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Own ones, and those of which `user` may see every run; so an address that is passed on opens nothing new."""
        if user.is_superuser and user.is_active:
            return self
        members = ComparisonRun.objects.filter(comparison=OuterRef("pk"))
        hidden = members.exclude(run__in=Run.objects.visible_to(user))
        return self.filter(Q(created_by=user) | (Exists(members) & ~Exists(hidden)))

    def of_experiment(self, pk: int):
        """Those with a run of an experiment."""
        return self.filter(Exists(ComparisonRun.objects.filter(comparison=OuterRef("pk"), run__experiment=pk)))

    def changeable_by(self, user):
        """Own ones; every one for site admins."""
        return self if user.is_superuser and user.is_active else self.filter(created_by=user)


class Comparison(models.Model):
    """A named, stored comparison of runs, or of what a search finds, as far as its owner sees."""

    name = CodePointCharField(max_length=200)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="comparisons"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    run_ids = models.JSONField(default=list, help_text="the runs in their order; empty where a search finds them")
    experiment_ids = models.JSONField(default=list, help_text="where the search looks")
    filter = CodePointTextField(blank=True)
    base_id = CodePointCharField(max_length=64, blank=True, help_text="the run that others are held against")
    job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="+")
    result = models.JSONField(null=True)
    num_runs = models.PositiveIntegerField(default=0, help_text="whose figures are in the result")
    digest = models.CharField(max_length=64, blank=True, help_text="of what the result was computed from")
    computed_at = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True, help_text="when changes were last looked for")

    objects = ComparisonQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            # which was not looked at for longest
            models.Index(fields=["checked_at"], name="comparison_by_check"),
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("comparison-detail", args=[self.pk])

    @property
    def is_search(self) -> bool:
        return bool(self.experiment_ids)

    @property
    def is_computing(self) -> bool:
        return self.job is not None and not self.job.is_finished


class ComparisonRun(models.Model):
    """A run whose figures are in the result of a comparison, or will be; it decides who may see that."""

    comparison = models.ForeignKey(Comparison, on_delete=models.CASCADE, related_name="members", db_index=False)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["comparison", "run"], name="comparison_run_once")]

    def __str__(self):
        return f"{self.run_id} in {self.comparison_id}"
