"""python manage.py clean_up: look what retention policies would take, or take it."""

from django.core.management.base import BaseCommand, CommandError

from core.errors import DomainError
from tracker.actions import clean_up
from tracker.models import CleanupEntry, RetentionPolicy


class Command(BaseCommand):
    help = "Clean up by the retention policies, each after a dry run that names every run that goes and why."

    def add_arguments(self, parser):
        parser.add_argument("--experiment", metavar="NAME", help="by this experiment's policy alone")
        parser.add_argument("--dry-run", action="store_true", help="change nothing")
        parser.add_argument("--kept", action="store_true", help="name the runs that stay, too")

    def handle(self, *, experiment, dry_run, kept, **options):
        policies = RetentionPolicy.objects.select_related("experiment").order_by("pk")
        if experiment is not None:
            policies = policies.filter(experiment__name=experiment)
        if not policies:
            raise CommandError("There is no retention policy" + (f" of {experiment}." if experiment else "."))
        for policy in policies:
            try:
                self.clean(policy, is_dry_run=dry_run, shows_kept=kept)
            except DomainError as error:
                raise CommandError(error.message)

    def clean(self, policy: RetentionPolicy, *, is_dry_run: bool, shows_kept: bool) -> None:
        report = clean_up.look_now(policy)
        steps = [CleanupEntry.Step.TRASH, CleanupEntry.Step.PURGE, *([CleanupEntry.Step.KEEP] if shows_kept else [])]
        for entry in report.entries.filter(step__in=steps).order_by("pk").iterator(2000):
            line = f"{entry.get_step_display()}: {entry.run_id} {entry.name}, {entry.size_bytes} bytes: {entry.reason}"
            self.stdout.write(line.replace("\n", " "))
        self.stdout.write(
            f"Report {report.pk} of {report.scope}: {report.num_trash} to the trash, {report.num_purge} for good "
            f"({report.purge_bytes} bytes, of which {report.freed_bytes} are freed), {report.num_kept} stay."
        )
        if is_dry_run:
            return
        report = clean_up.carry_out_now(report)
        self.stdout.write(
            f"{report.num_trashed} moved to the trash, {report.num_purged} deleted for good, "
            f"{report.num_spared} stayed after all; {report.removed_bytes} bytes of files removed."
        )
