from django.conf import settings
from django.db import models


class Digest(models.Model):
    """The mail about one week to one person: asked for once, sent once or not at all."""

    class State(models.TextChoices):
        WAITING = "waiting"
        SENDING = "sending"
        SENT = "sent"
        EMPTY = "empty"
        FAILED = "failed"

    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    week = models.DateField(help_text="the Monday on which the week that it tells of was over")
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["recipient", "week"], name="digest_once")]
        indexes = [models.Index(fields=["week"], name="digest_by_week")]

    def __str__(self):
        return f"{self.week} for {self.recipient_id}"
