"""python manage.py create_token --user NAME: print a new API token, and nothing else, on standard output."""

import re
from datetime import timedelta

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.access import Scope
from accounts.actions import tokens
from accounts.models import User
from core.errors import DomainError

MAX_DAYS = 3650


class Command(BaseCommand):
    help = "Make an API token for a user and print it; it is not kept and cannot be shown again."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("--user", required=True, help="whose token it is")
        parser.add_argument(
            "--scope",
            choices=[scope.name.lower() for scope in Scope],
            default="log",
            help="read, log (what a training script does; the default) or full",
        )
        parser.add_argument("--expires", default="90d", help="such as 12h, 90d (the default), 52w or never")
        parser.add_argument("--name", default="command line", help="where it is used")

    def handle(self, *, user, scope, expires, name, **options):
        lifetime = parse_lifetime(expires)
        owner = User.objects.filter(username=user, is_active=True).first()
        if owner is None:
            raise CommandError(f"There is no active user named {user!r}.")
        try:
            _, secret = tokens.create(
                owner,
                name=name,
                scope=Scope[scope.upper()],
                expires_at=timezone.now() + lifetime if lifetime else None,
                by=None,
            )
        except DomainError as error:
            raise CommandError(error.message)
        self.stdout.write(secret)


def parse_lifetime(text: str) -> timedelta | None:
    """Return how long a token lives, None for ever.

    >>> parse_lifetime("90d")
    datetime.timedelta(days=90)
    """
    if text == "never":
        return None
    match = re.fullmatch(r"([1-9][0-9]{0,5})([hdw])", text)
    if match is None:
        raise CommandError(f"--expires is {text!r}; it must be such as 12h, 90d, 52w or never.")
    unit = {"h": "hours", "d": "days", "w": "weeks"}[match[2]]
    lifetime = timedelta(**{unit: int(match[1])})
    if lifetime > timedelta(days=MAX_DAYS):
        raise CommandError(f"--expires may be at most {MAX_DAYS}d; say never if it is meant.")
    return lifetime
