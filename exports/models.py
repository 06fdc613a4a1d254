from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone

from core.fields import CodePointTextField
from core.models import Job
from tracker.models import Blob, Experiment


class ExportQuerySet(models.QuerySet):
    def of(self, user):
        """What `user` asked for, as far as they may still see where it came from; nobody else may see it."""
        return self.filter(created_by=user, experiment__in=Experiment.objects.visible_to(user))

    def expired(self):
        return self.filter(expires_at__lte=timezone.now())


class Export(models.Model):
    """A file that a job makes of runs for one person, who fetches it within some days."""

    class Form(models.TextChoices):
        CSV = "csv", "CSV"
        PARQUET = "parquet", "Parquet"
        JSON_LINES = "jsonl", "JSON lines"
        BUNDLE = "zip", "Bundle"

    form = models.CharField(max_length=7, choices=Form.choices)
    experiment = models.ForeignKey(Experiment, null=True, on_delete=models.SET_NULL, related_name="+")
    title = CodePointTextField(help_text="what it holds, in the words of then")
    arguments = models.JSONField(default=dict, help_text="exports/selection.py; of a bundle the ids of its runs")
    job = models.OneToOneField(Job, null=True, on_delete=models.SET_NULL, related_name="+")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()
    # of the stored file; "" until it is whole
    key = models.CharField(max_length=64, blank=True)
    size_bytes = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    num_runs = models.BigIntegerField(default=0)

    objects = ExportQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            # one's own, newest first
            models.Index(fields=["created_by", "-id"], name="export_by_creator"),
            # which stored files are needed
            models.Index(fields=["key"], name="export_by_key"),
            # what is to be removed
            models.Index(fields=["expires_at"], name="export_by_end"),
        ]

    def __str__(self):
        return f"{self.get_form_display()} of {self.title}"

    def get_absolute_url(self):
        return reverse("export-detail", args=[self.pk])

    @property
    def is_ready(self) -> bool:
        return bool(self.key) and self.expires_at > timezone.now()

    @property
    def is_under_way(self) -> bool:
        return not self.key and self.job is not None and not self.job.is_finished

    @property
    def file_name(self) -> str:
        what = "bundle.zip" if self.form == self.Form.BUNDLE else f"runs.{self.form}"
        return f"experiment-{self.experiment_id}-{what}"

    @property
    def blob(self) -> Blob:
        """The stored file, as what reads blobs takes it; it is no row."""
        return Blob(key=self.key, size_bytes=self.size_bytes, sha256=self.sha256)
