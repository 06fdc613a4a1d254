from django.conf import settings
from django.db import models


class UsedCode(models.Model):
    """A code of an authenticator app that was used, and is not taken again while it would still be right."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    code = models.CharField(max_length=16)
    used_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "code"], name="code_is_used_once")]

    def __str__(self):
        return f"code of {self.used_at}"
