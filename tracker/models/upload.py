import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.fields import CodePointCharField
from tracker.models.artifact import Blob
from tracker.models.logged_model import LoggedModel
from tracker.models.run import Run


def new_upload_id() -> str:
    return uuid.uuid4().hex


class Upload(models.Model):
    """A file that a client sends in parts, side by side, for a path of a run or a logged model."""

    upload_id = CodePointCharField(max_length=32, unique=True, default=new_upload_id)
    run = models.ForeignKey(Run, null=True, on_delete=models.CASCADE, related_name="uploads")
    model = models.ForeignKey(LoggedModel, null=True, on_delete=models.CASCADE, related_name="uploads")
    path = CodePointCharField(max_length=1024)
    num_parts = models.PositiveIntegerField()
    blob = models.ForeignKey(
        Blob, null=True, on_delete=models.SET_NULL, related_name="+", help_text="what came of it, once it is complete"
    )
    is_complete = models.BooleanField(default=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    token_id = models.BigIntegerField(null=True, help_text="the API token that began it; parts end with its rights")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(run=None, model__isnull=False) | Q(run__isnull=False, model=None),
                name="upload_has_one_owner",
            )
        ]
        indexes = [
            # the sweep's question: what was never completed?
            models.Index(fields=["created_at"], name="upload_by_age")
        ]

    def __str__(self):
        return self.path

    @property
    def owner(self) -> Run | LoggedModel:
        return self.run or self.model


class Piece(models.Model):
    """The bytes of one part of an upload; then those of the blob that it became, which is its pieces in their order."""

    upload = models.ForeignKey(Upload, null=True, on_delete=models.SET_NULL, related_name="pieces")
    blob = models.ForeignKey(Blob, null=True, on_delete=models.CASCADE, related_name="pieces")
    number = models.PositiveIntegerField()
    key = CodePointCharField(max_length=64, unique=True)
    size_bytes = models.BigIntegerField()
    sha256 = CodePointCharField(max_length=64, help_text="hex; the part's ETag")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["upload", "number"], name="piece_once")]

    def __str__(self):
        return self.key
