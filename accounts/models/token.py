from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.access import Scope
from core.fields import CodePointCharField


class ApiTokenQuerySet(models.QuerySet):
    def usable(self):
        now = timezone.now()
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None, user__is_active=True)


class ApiToken(models.Model):
    """A secret that lets a program act for a user, within a scope; only its hash is stored."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100)
    prefix = CodePointCharField(max_length=16, help_text="first characters, shown in lists")
    digest = CodePointCharField(max_length=64, unique=True, help_text="sha256 of the token, hex")
    scope = models.PositiveSmallIntegerField(choices=Scope.choices, default=Scope.LOG)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, help_text="written at most once a minute")
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = "API token"

    def __str__(self):
        return f"{self.name} ({self.prefix}…)"

    @property
    def is_usable(self) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > timezone.now())
