"""python manage.py sign_in_link --user NAME: print an address that signs somebody in once."""

from django.core.management.base import BaseCommand, CommandError

from accounts import links
from accounts.actions import second_factors
from accounts.models import User
from core.actions import audit


class Command(BaseCommand):
    help = "Print an address that signs a person in once, within a day; for when no other way is left."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("--user", required=True, help="who signs in")
        parser.add_argument(
            "--without-second-factor", action="store_true", help="take away the second factors, which were lost"
        )

    def handle(self, *, user, without_second_factor, **options):
        person = User.objects.filter(username=user, is_active=True, is_service=False).first()
        if person is None:
            raise CommandError(f"There is no active person named {user!r}.")
        if without_second_factor:
            second_factors.remove(person, by=None)
        audit.record("user.make_sign_in_link", person, by=None)
        self.stdout.write(links.to_sign_in(person))
