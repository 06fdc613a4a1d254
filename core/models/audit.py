from django.db import models

from core.fields import CodePointCharField


class AuditEvent(models.Model):
    """Something that somebody did, as text that outlives the objects it names; never changed, never deleted."""

    at = models.DateTimeField(auto_now_add=True)
    actor_id = models.BigIntegerField(null=True)
    actor = models.CharField(max_length=150, help_text="name of the person or service account at that time")
    token_id = models.BigIntegerField(null=True, help_text="the API token that was used, if any")
    action = CodePointCharField(max_length=64, help_text="noun.verb, such as token.revoke")
    object_kind = CodePointCharField(max_length=32)
    object_id = CodePointCharField(max_length=64)
    object_text = models.CharField(max_length=500)
    details = models.JSONField(default=dict)

    class Meta:
        ordering = ["-pk"]
        indexes = [
            # the activity of one object
            models.Index(fields=["object_kind", "object_id", "-id"], name="audit_by_object"),
            # what one person did
            models.Index(fields=["actor_id", "-id"], name="audit_by_actor"),
        ]

    def __str__(self):
        return f"{self.actor} {self.action} {self.object_text}"


class AuditSeal(models.Model):
    """The place of one event in the chain: HMAC over the seal before it and the event's own text."""

    event = models.OneToOneField(AuditEvent, on_delete=models.PROTECT, related_name="seal")
    sequence = models.BigIntegerField(unique=True)
    mac = models.CharField(max_length=64)
    sealed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["sequence"]

    def __str__(self):
        return f"seal {self.sequence}"
