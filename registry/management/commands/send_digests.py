"""python manage.py send_digests: have the weekly mails of the week that is over sent to who has none yet."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from registry.actions import digests


class Command(BaseCommand):
    help = "Have the mail about last week sent to everybody who wants it and has not had it; done on Mondays by itself."

    def add_arguments(self, parser):
        parser.add_argument("--limit", type=int, default=10_000, help="to at most so many (default: %(default)s)")

    def handle(self, *, limit, **options):
        if not settings.ASSAY_SENDS_MAIL:
            raise CommandError("This site sends no e-mail: EMAIL_URL names no mail server.")
        self.stdout.write(f"{digests.request_due(limit)} are on their way.")
