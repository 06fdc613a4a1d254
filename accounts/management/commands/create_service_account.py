"""python manage.py create_service_account NAME: a user for programs, with tokens and no password."""

from django.core.management.base import BaseCommand, CommandError

from accounts.actions import users
from core.errors import DomainError


class Command(BaseCommand):
    help = "Make a user for programs: it has tokens (create_token --user NAME) and no password."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("name")

    def handle(self, *, name, **options):
        try:
            users.create_service_account(name, by=None)
        except DomainError as error:
            raise CommandError(error.message)
        self.stdout.write(f"Service account {name} is made; create_token --user {name} gives it a token.")
