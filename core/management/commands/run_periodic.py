"""python manage.py run_periodic NAME …: do what the schedule does, by hand."""

from django.core.management.base import BaseCommand, CommandError

from core import schedule


class Command(BaseCommand):
    help = "Do the named periodic work now; without a name, list what there is and how often it is done."

    def add_arguments(self, parser):
        parser.add_argument("names", nargs="*", metavar="NAME")

    def handle(self, *, names, **options):
        known = {work.name: work for work in schedule.everything()}
        unknown = [name for name in names if name not in known]
        if unknown:
            raise CommandError(f"There is no periodic work named {unknown[0]!r}. There is: {', '.join(known)}.")
        if not names:
            for work in known.values():
                self.stdout.write(f"{work.name}  every {work.every_s:g} s")
        for name in names:
            if not schedule.run(known[name], is_forced=True):
                raise CommandError(f"{name} is under way elsewhere.")
