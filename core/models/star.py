from django.conf import settings
from django.db import models

from core.fields import CodePointCharField


class Star(models.Model):
    """What one person keeps in sight: any object, keyed by its kind and id."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="stars")
    kind = CodePointCharField(max_length=32)
    object_id = models.BigIntegerField()
    starred_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "kind", "object_id"], name="star_once")]

    def __str__(self):
        return f"{self.kind} {self.object_id}"
