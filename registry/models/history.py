from django.db import models
from django.db.models import Q

from core.fields import CodePointCharField
from registry.models.model_version import ModelVersion
from registry.models.policy import Target
from registry.models.registered_model import RegisteredModel
from registry.models.transition import TransitionRequest


class StageEvent(models.Model):
    """A version that came to a stage or an alias, or left it; never changed, never deleted (triggers see to it)."""

    # where a deleted version went
    DELETED = "Deleted"

    at = models.DateTimeField(auto_now_add=True)
    model = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, related_name="stage_events")
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="stage_events")
    kind = models.CharField(max_length=5, choices=Target.choices)
    alias = CodePointCharField(max_length=255, blank=True)
    from_stage = CodePointCharField(max_length=50, blank=True)
    to_stage = CodePointCharField(max_length=50, blank=True)
    # of an alias: the number it led to before, and since; none where it was new, or was deleted
    from_version = models.PositiveIntegerField(null=True)
    to_version = models.PositiveIntegerField(null=True)
    # as text and number, because nothing here is ever written again
    actor_id = models.BigIntegerField(null=True)
    actor = models.CharField(max_length=150)
    token_id = models.BigIntegerField(null=True)
    request = models.ForeignKey(TransitionRequest, null=True, on_delete=models.PROTECT, related_name="events")
    comment = models.TextField(blank=True)
    is_unreviewed = models.BooleanField(default=False, help_text="there was nobody else who could have approved")
    is_bypass = models.BooleanField(default=False, help_text="a manager went past the policy")
    is_side_effect = models.BooleanField(default=False, help_text="it followed from another change")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="stage", alias="", to_stage__gt="") | Q(kind="alias", alias__gt="", to_stage=""),
                name="stage_event_is_of_stage_or_alias",
            )
        ]
        indexes = [
            # what was in a stage at a time
            models.Index(fields=["model", "kind", "at"], name="stage_event_by_time"),
            # the history of a version
            models.Index(fields=["version", "-id"], name="stage_event_by_version"),
        ]

    def __str__(self):
        return f"{self.version} to {self.alias or self.to_stage}"
