"""python manage.py doctor: look at every setting and part, and say how to mend what is wrong."""

import json

from django.core.management.base import BaseCommand, CommandError

from portal import doctor
from portal.doctor import State


class Command(BaseCommand):
    help = "Look at every setting and part of this site; say what is wrong and how to mend it. Exits with 1 where anything fails."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("--json", action="store_true", help="print a JSON object for each finding, a line each")

    def handle(self, *, json, **options):
        num_failed = 0
        for finding in doctor.examine():
            num_failed += finding.state == State.FAILED
            self.stdout.write(as_json(finding) if json else as_text(finding))
        if num_failed:
            raise CommandError(f"{num_failed} of what was looked at {'fails' if num_failed == 1 else 'fail'}.")


def as_json(finding: doctor.Finding) -> str:
    return json.dumps(finding._asdict())


def as_text(finding: doctor.Finding) -> str:
    """Return a line, and a second with what to do.

    >>> print(as_text(doctor.failed("queue", "Redis does not answer", "Start it.")))
    failed   queue            Redis does not answer
             → Start it.
    """
    line = f"{finding.state:<8} {finding.name:<16} {finding.says}"
    return f"{line}\n{'':<9}→ {finding.mend}" if finding.mend else line
