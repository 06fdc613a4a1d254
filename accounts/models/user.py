from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """A person who signs in, or a service account, which has tokens and no password."""

    is_service = models.BooleanField("service account", default=False)

    class Meta(AbstractUser.Meta):
        constraints = [
            models.CheckConstraint(
                condition=models.Q(is_service=False) | models.Q(is_superuser=False),
                name="service_account_is_not_site_admin",
            )
        ]

    @property
    def display_name(self) -> str:
        return self.get_full_name() or self.username

    @property
    def initials(self) -> str:
        words = self.display_name.replace(".", " ").replace("_", " ").replace("-", " ").split()
        return ("".join(word[0] for word in words[:2]) or "?").upper()
