from django.conf import settings
from django.db import models

from core.fields import CodePointCharField


class IdempotentAnswer(models.Model):
    """What was answered to a request that carried an Idempotency-Key, so that its repeat does nothing twice."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = CodePointCharField(max_length=255)
    request_digest = CodePointCharField(max_length=64, help_text="sha256 of path and body, hex")
    answer = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="idempotency_key_once")]

    def __str__(self):
        return self.key
