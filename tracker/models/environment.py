from django.db import models
from django.db.models import F, Q

from core.fields import CodePointCharField
from tracker.models.logged_model import LoggedModel
from tracker.models.run import Run


class EnvironmentQuerySet(models.QuerySet):
    def of_run(self, run: Run):
        """Those of the models that the run logged, and those among its own files."""
        return self.of_runs([run.pk])

    def of_runs(self, pks: list[int]):
        """Those of several runs; of models that stand in their run's experiment, so that who sees the run may see them."""
        beside = Q(model__source_run__in=pks, model__experiment=F("model__source_run__experiment"))
        return self.filter(Q(run__in=pks) | (beside & Q(model__deleted_at=None)))


class Environment(models.Model):
    """Python's version and packages that a model was logged with, read from one folder of files when these arrived."""

    run = models.ForeignKey(Run, null=True, on_delete=models.CASCADE, related_name="environments")
    model = models.ForeignKey(LoggedModel, null=True, on_delete=models.CASCADE, related_name="environments")
    folder = CodePointCharField(max_length=1024, blank=True, help_text="where the files stand; empty for the root")
    python = CodePointCharField(max_length=40, blank=True)
    packages = models.JSONField(default=list, help_text='[["numpy", "==2.1.0"], …] by name')
    packages_from = CodePointCharField(max_length=32, blank=True, help_text="the file that named them")

    objects = EnvironmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(run=None, model__isnull=False) | Q(run__isnull=False, model=None),
                name="environment_has_one_owner",
            ),
            models.UniqueConstraint(
                fields=["run", "folder"], condition=Q(run__isnull=False), name="environment_once_in_run"
            ),
            models.UniqueConstraint(
                fields=["model", "folder"], condition=Q(model__isnull=False), name="environment_once_in_model"
            ),
        ]

    def __str__(self):
        return f"Python {self.python or '?'}, {len(self.packages)} packages"
