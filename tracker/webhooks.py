"""Webhooks of runs: of one experiment for who manages it, of the whole site for site admins."""

from accounts.access import Level
from accounts.models import User
from core import webhook_scopes
from core.errors import NotAllowed
from core.models import Webhook
from core.webhook_events import ASSAY
from tracker.lookups import experiment_by_id
from tracker.models import Experiment

KIND = "experiment"


def manageable_by(user: User):
    """Return the webhooks as a queryset; those of experiments in the trash stay, as their runs do."""
    rows = Webhook.objects.filter(vocabulary=ASSAY)
    return webhook_scopes.manageable(rows, KIND, Experiment.objects.manageable_by(user), user=user)


def one(webhook_id: str, *, user: User) -> Webhook:
    """Return a webhook that `user` manages. Raises NotAllowed where only its experiment is for `user` to see, else NotFound."""
    seen = Experiment.objects.visible_to(user).values("pk")
    of_seen = Webhook.objects.filter(vocabulary=ASSAY, kind=KIND, object_id__in=seen)
    return webhook_scopes.one(webhook_id, manageable_by(user), of_seen, about="an experiment")


def scope_for(experiment_id: str, *, user: User) -> Experiment | None:
    """Return the experiment that a new webhook is about, None for the whole site, which is for site admins."""
    if experiment_id:
        return experiment_by_id(experiment_id, user=user, level=Level.MANAGE)
    if not user.is_superuser:
        raise NotAllowed(
            "Webhooks of the whole site are for site admins. Who manages an experiment may make them of it: "
            "send experiment_id."
        )
    return None
