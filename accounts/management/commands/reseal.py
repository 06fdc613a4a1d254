"""python manage.py reseal: encrypt by SECRET_KEY what an older key encrypted, so that the older one can be taken away."""

from django.core.management.base import BaseCommand, CommandError

from accounts.actions import resealing


class Command(BaseCommand):
    help = (
        "Encrypt anew by SECRET_KEY what keys of SECRET_KEY_FALLBACKS encrypted. Safe to repeat, and while people work."
    )

    def handle(self, **options):
        found = resealing.reseal_all()
        for what, (num_anew, _) in found.items():
            self.stdout.write(f"{what}: {num_anew} encrypted anew")
        if lost := ", ".join(f"{num} of {what}" for what, (_, num) in found.items() if num):
            raise CommandError(f"No key that is set reads {lost}: name the older keys in SECRET_KEY_FALLBACKS.")
