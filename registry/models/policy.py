from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Q

from core.fields import CodePointCharField
from registry.models.model_version import ModelVersion
from registry.models.registered_model import RegisteredModel


class Target(models.TextChoices):
    """What a version can be moved to."""

    STAGE = "stage", "Stage"
    ALIAS = "alias", "Alias"


class StagePolicy(models.Model):
    """What it takes to move a version to a stage or an alias: of one model, or the site's default."""

    model = models.ForeignKey(RegisteredModel, null=True, blank=True, on_delete=models.CASCADE, related_name="policies")
    kind = models.CharField(max_length=5, choices=Target.choices, default=Target.STAGE)
    target = CodePointCharField(max_length=255, help_text="a stage such as Production, or an alias such as champion")
    wire_stage = CodePointCharField(
        max_length=10,
        blank=True,
        default="",
        db_default="",
        choices=ModelVersion.Stage.choices,
        help_text="what a stage that this policy adds shows as on the wire",
    )
    shown_as = models.CharField(max_length=50, blank=True, help_text="what pages call the stage")
    num_approvals = models.PositiveSmallIntegerField(default=1)
    approver_groups = models.ManyToManyField(
        Group, blank=True, related_name="+", help_text="whose members may approve; without any, who manages the model"
    )
    requester_may_approve = models.BooleanField(default=False)
    archives_incumbent = models.BooleanField(
        default=False, help_text="what was in the stage is archived in the same transaction, asked for or not"
    )
    requires_comment = models.BooleanField(default=False)
    expires_after_days = models.PositiveSmallIntegerField(null=True, blank=True)
    managers_may_bypass = models.BooleanField(default=False, help_text="always marked in the history")
    locks_version = models.BooleanField(default=False, help_text="a version in it cannot be edited")
    service_accounts_only = models.BooleanField(
        default=False,
        db_default=False,
        help_text="people ask and approve, and the call of a service account moves the version",
    )
    opens_request = models.BooleanField(default=False, help_text="a script that asks in vain opens the request")
    checks = models.JSONField(default=list, blank=True, help_text="what must hold; see registry/checks.py")
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "stage policies"
        constraints = [
            models.UniqueConstraint(
                fields=["model", "kind", "target"], condition=Q(model__isnull=False), name="policy_once_in_model"
            ),
            models.UniqueConstraint(
                fields=["kind", "target"], condition=Q(model=None), name="policy_once_as_site_default"
            ),
        ]

    def __str__(self):
        return f"{self.target} of {self.model or 'every model'}"
