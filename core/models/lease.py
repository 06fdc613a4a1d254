from django.db import models

from core.fields import CodePointCharField


class Lease(models.Model):
    """The right of one process to do one named thing until a moment, so that two beats do no harm."""

    name = CodePointCharField(max_length=64, unique=True)
    holder = models.CharField(max_length=64, blank=True)
    until = models.DateTimeField()
    last_run_at = models.DateTimeField(null=True)

    def __str__(self):
        return self.name
