"""Limits of storage: set by site admins, refusing nothing; managers are told as their experiment comes near and above."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.access import Level
from core.actions import audit
from core.actions.notices import tell
from core.errors import Conflict, InvalidValue, NotAllowed
from core.models import Topic
from tracker import quotas
from tracker.models import Experiment, QuotaReached, StorageQuota

MAX_TOLD = 50
_PLACE = "/settings#storage"


@transaction.atomic
def set(experiment: Experiment | None, limit_bytes: int | None, *, by) -> StorageQuota:
    """Set the limit of an experiment, or with None of all that have none of their own; `limit_bytes` None is no limit."""
    check_may(by)
    if limit_bytes is not None and not 1 <= limit_bytes <= quotas.MAX_BYTES:
        raise InvalidValue(f"A limit is between 1 and {quotas.MAX_BYTES} bytes.")
    before = StorageQuota.objects.select_for_update().filter(experiment=experiment).first()
    was = before.limit_bytes if before else None
    try:
        with transaction.atomic():
            quota, _ = StorageQuota.objects.update_or_create(
                pk=before.pk if before else None,
                defaults={"experiment": experiment, "limit_bytes": limit_bytes, "updated_by": by},
            )
    except IntegrityError:
        raise Conflict("Somebody else set this limit just now: look at it first.")
    audit.record("storagequota.set", quota, by=by, before=was, limit_bytes=limit_bytes)
    return quota


@transaction.atomic
def remove(quota: StorageQuota, *, by) -> None:
    """Take a limit away: of an experiment, that of all holds then."""
    check_may(by)
    audit.record("storagequota.remove", quota, by=by, before=quota.limit_bytes)
    StorageQuota.objects.filter(pk=quota.pk).delete()


def check_may(by) -> None:
    """Raise NotAllowed where `by` may not say how much an experiment may fill."""
    if not (by.is_active and by.is_superuser):
        raise NotAllowed("Limits of storage are set by site admins.")


@transaction.atomic
def tell_reached() -> int:
    """Tell managers, once for each step, whose experiment has reached it by the figures of now; return how many have."""
    told = dict(QuotaReached.objects.select_for_update().values_list("experiment", "percent"))
    near = quotas.filled(quotas.STEPS[-1] - quotas.SLACK)
    found = {figure.object_key: quotas.usage(figure) for figure in near}
    QuotaReached.objects.filter(experiment__in=[pk for pk in told if pk not in found]).delete()
    fallen = [pk for pk in found if told.get(pk) == 100 and found[pk].percent < 100 - quotas.SLACK]
    QuotaReached.objects.filter(experiment__in=fallen).update(percent=quotas.STEPS[-1])
    risen = [pk for pk, usage in found.items() if usage.step > told.get(pk, 0)]
    experiments = Experiment.objects.filter(pk__in=risen, deleted_at=None)
    for experiment in experiments:
        _tell(experiment, found[experiment.pk])
    return len(experiments)


def _tell(experiment: Experiment, usage: quotas.Usage) -> None:
    values = {"percent": usage.step, "told_at": timezone.now()}
    QuotaReached.objects.update_or_create(experiment=experiment, defaults=values)
    managers = experiment.people_at(Level.MANAGE).order_by("is_superuser", "pk")[:MAX_TOLD]
    text = f"The files of {experiment.name[:300]} fill {usage.percent} % of its storage limit"
    detail = "Nothing is refused. Runs that are not needed can be deleted for good, or a site admin raises the limit."
    tell(managers, Topic.QUOTA, experiment, text, detail=detail, place=_PLACE)
