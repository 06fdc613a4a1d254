from django.db import models

from core.fields import CodePointCharField


class SetupToken(models.Model):
    """A link that makes the first site admin; only its hash is stored, and all are gone once there is one."""

    digest = CodePointCharField(max_length=64, unique=True, help_text="sha256 of the token, hex")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return f"set-up link of {self.created_at}"
