"""How much an experiment stores of its limit, and setting the limit, for site admins."""

from django import forms
from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from core.errors import Conflict, InvalidValue
from pages.templatetags.assay import size
from pages.version_edits import clean
from tracker import quotas
from tracker.actions import quotas as actions
from tracker.lookups import experiment_by_id
from tracker.models import Experiment, StorageQuota

NONE = "none"


class LimitForm(forms.Form):
    """A limit as people write it."""

    limit = forms.CharField(max_length=40, required=False, label="Limit", help_text="Such as 200 GB; empty: none.")

    @classmethod
    def of(cls, quota: StorageQuota | None) -> "LimitForm":
        limit = quota.limit_bytes if quota else None
        return cls(initial={"limit": NONE if quota and limit is None else written(limit)})


class OwnLimitForm(LimitForm):
    """The same of one experiment, which has that of all where it has none of its own."""

    limit = forms.CharField(
        max_length=40, required=False, label="Limit", help_text="Such as 200 GB; none; empty: that of all experiments."
    )


def written(limit: int | None) -> str:
    """Return a limit as it is written in a form: as pages show it where that is exact, else in bytes.

    >>> written(1_500_000_000_000), written(1_234_567), written(None)
    ('1.5 TB', '1234567', '')
    """
    if limit is None:
        return ""
    text = size(limit)
    return text if quotas.parse_size(text) == limit else str(limit)


def summary(experiment: Experiment, *, user) -> dict:
    """Return what the settings of an experiment show of it."""
    quota = quotas.limit_of(experiment)
    own = quota if quota and quota.experiment_id is not None else None
    return {
        "usage": quotas.of(experiment, quota),
        "own_limit": own,
        "limit_form": OwnLimitForm.of(own) if user.is_superuser else None,
    }


@require_POST
def storage_limit(request):
    """POST /storage/limit: of every experiment that has none of its own"""
    _set(request, None)
    return redirect("storage")


@require_POST
def experiment_limit(request, pk):
    """POST /experiments/ID/storage-limit"""
    experiment = experiment_by_id(str(pk), user=request.user)
    _set(request, experiment)
    return redirect("experiment-settings", pk=pk)


def _set(request, experiment: Experiment | None) -> None:
    # before what was written is looked at
    actions.check_may(request.user)
    text = clean(LimitForm(request.POST))["limit"].strip()
    try:
        if text and (text.lower() != NONE or experiment is not None):
            actions.set(experiment, None if text.lower() == NONE else quotas.parse_size(text), by=request.user)
        elif quota := StorageQuota.objects.filter(experiment=experiment).select_related("experiment").first():
            actions.remove(quota, by=request.user)
        messages.success(request, "The limit is set." if text else "There is no limit here now.")
    except (Conflict, InvalidValue) as error:
        messages.error(request, error.message)
