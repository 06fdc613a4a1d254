from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """A person who signs in, or a service account, which has tokens and no password."""

    is_service = models.BooleanField("service account", default=False)
    # raised to end every session that there is
    session_epoch = models.PositiveIntegerField(default=0, db_default=0, editable=False)

    class Meta(AbstractUser.Meta):
        constraints = [
            models.CheckConstraint(
                condition=models.Q(is_service=False) | models.Q(is_superuser=False),
                name="service_account_is_not_site_admin",
            )
        ]

    def get_session_auth_hash(self):
        return self._of_epoch(super().get_session_auth_hash())

    def get_session_auth_fallback_hash(self):
        return map(self._of_epoch, super().get_session_auth_fallback_hash())

    def _of_epoch(self, session_hash: str) -> str:
        # as it was before there were epochs, so that sessions of then go on
        return f"{session_hash}.{self.session_epoch}" if self.session_epoch else session_hash

    @property
    def display_name(self) -> str:
        return self.get_full_name() or self.username

    @property
    def initials(self) -> str:
        words = self.display_name.replace(".", " ").replace("_", " ").replace("-", " ").split()
        return ("".join(word[0] for word in words[:2]) or "?").upper()
