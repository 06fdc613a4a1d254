from django.conf import settings
from django.db import models

from core.fields import CodePointCharField
from registry.models.model_version import ModelVersion


class Check(models.Model):
    """What something outside, such as a pipeline, says of a version under a name; the last word of each name counts."""

    class State(models.TextChoices):
        PENDING = "pending"
        PASSED = "passed"
        FAILED = "failed"

    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="checks")
    name = CodePointCharField(max_length=100)
    state = models.CharField(max_length=7, choices=State.choices)
    summary = models.CharField(max_length=500, blank=True)
    link = models.CharField(max_length=2048, blank=True)
    files_digest = models.CharField(
        max_length=64, blank=True, default="", db_default="", help_text="of the files that were there then"
    )
    posted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    posted_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "name"], name="check_once_in_version")]

    def __str__(self):
        return f"{self.name}: {self.state}"
