from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from core.fields import CodePointCharField
from registry.models.model_version import ModelVersion
from registry.models.policy import Target


class TransitionRequestQuerySet(models.QuerySet):
    def open(self):
        """Requests that can still be decided; one whose time is over counts as closed before anybody wrote so."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()), state=TransitionRequest.State.OPEN)


class TransitionRequest(models.Model):
    """Somebody's wish that a version move to a stage or an alias, with the evidence it was asked on."""

    class State(models.TextChoices):
        OPEN = "open"
        APPLIED = "applied"
        REJECTED = "rejected"
        CANCELLED = "cancelled"
        EXPIRED = "expired"

    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="requests")
    kind = models.CharField(max_length=5, choices=Target.choices, default=Target.STAGE)
    target = CodePointCharField(max_length=255)
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    token_id = models.BigIntegerField(null=True)
    comment = models.TextField(blank=True)
    archives_incumbent = models.BooleanField(default=False)
    requested_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    evidence = models.JSONField(help_text="what the version stood on when it was last looked at; registry/evidence.py")
    evidence_digest = models.CharField(max_length=64)
    current_digest = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        help_text="of the evidence as it was found last, by the clock",
    )
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_comment = models.TextField(blank=True)

    objects = TransitionRequestQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "kind", "target"], condition=Q(state="open"), name="one_open_request"
            )
        ]

    def __str__(self):
        return f"{self.version} to {self.target}"

    def get_absolute_url(self):
        tab = "all" if self.state == self.State.OPEN else "done"
        return f"{reverse('review-list')}?tab={tab}&open={self.pk}"


class Approval(models.Model):
    """One person's yes to a request, on the evidence of that moment."""

    request = models.ForeignKey(TransitionRequest, on_delete=models.PROTECT, related_name="approvals")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    token_id = models.BigIntegerField(null=True)
    comment = models.TextField(blank=True)
    evidence_digest = models.CharField(max_length=64)

    class Meta:
        ordering = ["pk"]
        constraints = [
            # again only where what was approved has changed since
            models.UniqueConstraint(fields=["request", "by", "evidence_digest"], name="approval_once_on_evidence")
        ]

    def __str__(self):
        return f"{self.by} approves {self.request}"

    @property
    def is_known_stale(self) -> bool:
        """Whether it was given on other evidence than was found last."""
        return self.evidence_digest != self.request.current_digest
