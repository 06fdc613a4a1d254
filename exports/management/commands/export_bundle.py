"""python manage.py export_bundle FILE: write an experiment, or one run, as a bundle that another Assay imports."""

import os
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from core.errors import DomainError
from exports import bundles
from tracker.models import Experiment, Run


class Command(BaseCommand):
    help = "Write an experiment, or one run, with histories, logged models and files as a bundle for another Assay."

    def add_arguments(self, parser):
        parser.add_argument("file", help="where to write it; it must not be there yet")
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--experiment", metavar="NAME", help="all of its runs that are not deleted")
        which.add_argument("--run", metavar="ID", help="this run alone")

    def handle(self, *, file, experiment, run, **options):
        of, run_id = self._found(experiment, run)
        target = Path(file)
        part = target.with_name(f"{target.name}.part")
        if target.exists():
            raise CommandError(f"{target} is there already.")
        try:
            with part.open("xb") as opened:
                for piece in bundles.written(of, run_id):
                    opened.write(piece)
                opened.flush()
                os.fsync(opened.fileno())
            part.rename(target)
        except FileExistsError:
            raise CommandError(f"{part} is there already: remove it if nobody else writes it.")
        except (DomainError, OSError) as error:
            part.unlink(missing_ok=True)
            raise CommandError(error.message if isinstance(error, DomainError) else f"It was not written: {error}")
        self.stdout.write(f"{target}: {target.stat().st_size:,} bytes.")

    def _found(self, name: str | None, run_id: str | None) -> tuple[Experiment, str]:
        if run_id:
            run = Run.objects.active().select_related("experiment").filter(run_id=run_id).first()
            if run is None:
                raise CommandError(f"There is no run {run_id}.")
            return run.experiment, run.run_id
        found = Experiment.objects.filter(name=name).first()
        if found is None:
            raise CommandError(f"There is no experiment called {name!r}.")
        return found, ""
