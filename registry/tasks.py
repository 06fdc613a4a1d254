"""Background work of the registry; what it does stands in actions."""

from django.utils import timezone

from core import jobs, schedule
from registry.actions import digests, requests
from registry.models import TransitionRequest


def has_expired_requests() -> bool:
    over = TransitionRequest.objects.filter(state=TransitionRequest.State.OPEN, expires_at__lte=timezone.now())
    return over.exists()


@schedule.periodic("transitions.expire", every_s=600, is_needed=has_expired_requests)
def close_expired_requests():
    requests.close_expired()


@schedule.periodic("transitions.tell_of_changes", every_s=30, is_needed=lambda: requests.approved_and_open().exists())
def tell_of_changes():
    requests.tell_of_changes()


@jobs.handler(digests.JOB)
def mail_digest(job, arguments):
    return digests.send(arguments["digest"])


schedule.periodic("digests.request", every_s=1800, is_needed=digests.is_due)(digests.request_due)
