"""python manage.py upgrade: bring the database to this version, before web, worker and beat start without `serve`."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal import startup
from portal.management.commands.serve import announcement


class Command(BaseCommand):
    help = "Migrate under a lock, refuse a database of a newer version, and print the set-up link of a new site."
    requires_system_checks = []

    def handle(self, **options):
        try:
            startup.check_folder(settings.ASSAY_HOME)
            startup.check_storage()
            startup.prepare_database()
        except startup.CannotStart as error:
            raise CommandError(str(error))
        self.stdout.write("\n".join(announcement(settings.ASSAY_URL)))
