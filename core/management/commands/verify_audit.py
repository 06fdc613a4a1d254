"""python manage.py verify_audit: is the audit log what was written?"""

from django.core.management.base import BaseCommand, CommandError

from core import sealer


class Command(BaseCommand):
    help = "Check the chain of seals over the audit log; exit with 1 where rows were altered, removed or reordered."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument(
            "--head",
            action="append",
            default=[],
            metavar="NUMBER:MAC",
            help="a head from the log or an export, which must stand in the chain; may be repeated",
        )

    def handle(self, *, head, **options):
        try:
            heads = [sealer.Head.parse(text) for text in head]
        except ValueError as error:
            raise CommandError(str(error))
        kept = sealer.kept_head()
        problems = 0
        for problem in sealer.verify(*heads, *([kept] if kept else [])):
            problems += 1
            self.stderr.write(problem)
        if problems:
            raise CommandError(f"The audit log is broken in {problems} places.")
        self._tell_good()

    def _tell_good(self):
        head, waiting = sealer.head(), sealer.unsealed(everything=True).count()
        self.stdout.write(f"The audit log is whole. Head: {head or 'none yet'}")
        if waiting:
            self.stdout.write(f"{waiting} events wait for their seal; a running worker adds it within a second.")
