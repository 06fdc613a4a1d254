from django.conf import settings
from django.db import models

from core.fields import CodePointCharField


class CommentQuerySet(models.QuerySet):
    def about(self, kind: str, object_id: int):
        """What was said about one object and was not deleted, oldest first."""
        return self.filter(kind=kind, object_id=object_id, deleted_at=None).order_by("pk")


class Comment(models.Model):
    """What somebody says about an object, keyed by its kind and id, in Markdown."""

    kind = CodePointCharField(max_length=32)
    object_id = models.BigIntegerField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="comments")
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    edited_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = CommentQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [
            # the talk about one object
            models.Index(fields=["kind", "object_id", "id"], name="comment_by_object"),
        ]

    def __str__(self):
        return f"comment {self.pk}"


class CommentRevision(models.Model):
    """What a comment said before it was edited or deleted."""

    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, related_name="revisions")
    text = models.TextField()
    replaced_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return f"revision {self.pk} of {self.comment}"
