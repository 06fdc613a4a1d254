"""python manage.py check_storage: look whether stored files are there and as they were stored."""

from django.core.management.base import BaseCommand, CommandError

from core.errors import DomainError
from tracker.actions import storage_checks
from tracker.models import StorageFault


class Command(BaseCommand):
    help = "Remove what no row needs, then read stored files on from where the last check ended and compare checksums."

    def add_arguments(self, parser):
        parser.add_argument(
            "--files", type=int, default=storage_checks.MAX_FILES, help="at most (default: %(default)s)"
        )
        parser.add_argument(
            "--bytes", type=int, default=storage_checks.MAX_BYTES, help="at most (default: %(default)s)"
        )

    def handle(self, *, files, bytes, **options):
        if files < 1 or bytes < 1:
            raise CommandError("Both bounds are at least 1.")
        try:
            report = storage_checks.check_now(max_files=files, max_bytes=bytes)
        except DomainError as error:
            raise CommandError(error.message)
        self.stdout.write(
            f"Removed {report.num_replaced} files that nothing needed ({report.replaced_bytes} bytes) and "
            f"{report.num_orphans} that no row named; read {report.num_files} ({report.size_bytes} bytes): "
            f"{report.num_missing} missing, {report.num_damaged} damaged, {report.num_healed} whole again."
        )
        for fault in StorageFault.objects.filter(healed_at=None).order_by("pk").iterator(2000):
            self.stdout.write(str(fault).replace("\n", " "))
        if StorageFault.objects.filter(healed_at=None).exists():
            raise CommandError("Not all stored files are whole.")
