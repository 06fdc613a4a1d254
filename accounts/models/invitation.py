from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

LIVES = timedelta(days=7)


def in_a_week():
    return timezone.now() + LIVES


class InvitationQuerySet(models.QuerySet):
    def open(self):
        # whom somebody invited who may not invite any more, nobody invites
        return self.filter(expires_at__gt=timezone.now(), invited_by__is_active=True, invited_by__is_superuser=True)


class Invitation(models.Model):
    """An address that a site admin asked to join; the row goes when somebody has, and its link is signed, not stored."""

    email = models.EmailField()
    groups = models.ManyToManyField("auth.Group", blank=True, related_name="+")
    is_site_admin = models.BooleanField(default=False)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(default=in_a_week)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return f"invitation of {self.email}"

    @property
    def is_open(self) -> bool:
        by = self.invited_by
        return self.expires_at > timezone.now() and by.is_active and by.is_superuser
