"""Sharing an experiment: who has which level, and why; grants for those who manage it."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import Group
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts.access import Level, member_level
from accounts.models import User
from core.errors import InvalidValue
from pages.experiment_head import head
from tracker.actions import grants
from tracker.lookups import experiment_by_id
from tracker.models import Experiment

MAX_SUGGESTED = 500
MAX_PEOPLE = 500
NUM_HELPERS = 5
MEANINGS = {
    Level.VIEW: "sees runs, files and notes",
    Level.LOG: "logs runs, and writes to own ones",
    Level.EDIT: "changes, moves and deletes any run",
    Level.MANAGE: "shares, renames, deletes for good",
}


class GrantForm(forms.Form):
    """A level for one user or one group, by name."""

    kind = forms.ChoiceField(choices=[("user", "Person"), ("group", "Group")], label="To a")
    name = forms.CharField(max_length=150, widget=forms.TextInput({"list": "names", "autocomplete": "off"}))
    level = forms.TypedChoiceField(choices=Level.choices, coerce=int, initial=Level.EDIT)

    def clean(self):
        cleaned = super().clean()
        rows = Group.objects.all() if cleaned.get("kind") == "group" else User.objects.filter(is_active=True)
        field = "name" if cleaned.get("kind") == "group" else "username"
        found = rows.filter(**{field: cleaned.get("name", "")}).first()
        if found is None and "name" in cleaned:
            self.add_error("name", f"There is no {'group' if field == 'name' else 'person'} of that name.")
        cleaned["found"] = found
        return cleaned


class Person(NamedTuple):
    """What one person may do here, and where that comes from."""

    user: User
    level: Level
    reason: str


@require_GET
def experiment_sharing(request, pk):
    """GET /experiments/ID/sharing"""
    experiment = experiment_by_id(str(pk), user=request.user)
    return _page(request, experiment, GrantForm())


@require_POST
def experiment_grant(request, pk):
    """POST /experiments/ID/sharing/grant"""
    experiment = experiment_by_id(str(pk), user=request.user, level=Level.MANAGE)
    form = GrantForm(request.POST)
    if has_given(request, form, partial(grants.grant, experiment)):
        return redirect("experiment-sharing", pk=pk)
    return _page(request, experiment, form)


@require_POST
def experiment_revoke(request, pk, grant_id):
    """POST /experiments/ID/sharing/GRANT/revoke"""
    experiment = experiment_by_id(str(pk), user=request.user, level=Level.MANAGE)
    tell(request, partial(grants.revoke, experiment, grant_id), "That grant is gone.")
    # whoever took the own grant back may not see the page any more
    return redirect("experiment-sharing", pk=pk) if experiment.level_of(request.user) else redirect("experiment-list")


@require_POST
def experiment_visibility(request, pk):
    """POST /experiments/ID/sharing/visibility"""
    experiment = experiment_by_id(str(pk), user=request.user, level=Level.MANAGE)
    tell(request, partial(grants.set_private, experiment, request.POST.get("is_private") == "1"))
    return redirect("experiment-sharing", pk=pk)


def has_given(request, form: GrantForm, grant: Callable) -> bool:
    """Give what the form asks for, and say so; where that will not do the form says why."""
    if not form.is_valid():
        return False
    to = {form.cleaned_data["kind"]: form.cleaned_data["found"]}
    try:
        held = grant(level=Level(form.cleaned_data["level"]), by=request.user, **to)
    except InvalidValue as error:
        form.add_error(None, error.message)
        return False
    messages.success(request, f"{held}.")
    return True


def tell(request, act: Callable, done: str = "") -> None:
    """Act for the reader, and say that it is done, or why it cannot be."""
    try:
        act(by=request.user)
    except InvalidValue as error:
        messages.error(request, error.message)
    else:
        if done:
            messages.success(request, done)


def _page(request, experiment: Experiment, form: GrantForm):
    held = experiment.grants.select_related("user", "group", "granted_by").order_by("-level", "pk")
    found = people(experiment, held)
    context = {
        **head(request, experiment, tab="sharing"),
        "grants": [(grant, reverse("experiment-revoke", args=[experiment.pk, grant.pk])) for grant in held],
        "grant_url": reverse("experiment-grant", args=[experiment.pk]),
        "visibility_url": reverse("experiment-visibility", args=[experiment.pk]),
        "is_private": experiment.is_private,
        "can_hide": experiment.pk != Experiment.DEFAULT_ID,
        "form": form,
        "levels": [(level.label, MEANINGS[level]) for level in Level],
        "people": found,
        "mine": standing(experiment, request.user, found),
        "helpers": helpers(request.user, found),
        "member_level": settings.ASSAY_MEMBER_LEVEL,
        "names": names(),
    }
    return render(request, "experiments/sharing.html", context, status=400 if form.errors else 200)


def standing(experiment: Experiment, user: User, found: list[Person]) -> Person:
    """Return what the reader may do here, and where that comes from; `found` is what `people` says."""
    named = next((person for person in found if person.user == user), None)
    return named or Person(user, Level(experiment.level_of(user)), "as every member may")


def helpers(user: User, found: list[Person]) -> list[User]:
    """Return some who manage the experiment and can give the reader more."""
    managers = [person.user for person in found if person.level >= Level.MANAGE and not person.user.is_service]
    return [manager for manager in managers if manager != user][:NUM_HELPERS]


def names() -> list[str]:
    users = User.objects.filter(is_active=True).order_by("username").values_list("username", flat=True)
    return [*users[:MAX_SUGGESTED], *Group.objects.order_by("name").values_list("name", flat=True)[:MAX_SUGGESTED]]


def people(experiment: Experiment, held) -> list[Person]:
    """Return who may do more than every member, the highest level of each and its reason."""
    best: dict[int, Person] = {}
    everybody = 0 if experiment.is_private else member_level()
    through_groups = User.objects.filter(
        is_active=True, groups__in=[grant.group_id for grant in held if grant.group_id]
    )
    members = list(through_groups.values_list("pk", "groups__pk")[:MAX_PEOPLE])
    users = {user.pk: user for user in User.objects.filter(pk__in=[pk for pk, _ in members])}
    found = [Person(user, Level.MANAGE, "as an administrator of this site") for user in _admins()]
    for grant in held:
        if grant.user and grant.user.is_active:
            found.append(Person(grant.user, Level(grant.level), "by a grant"))
        found += [
            Person(users[pk], Level(grant.level), f"as a member of {grant.group.name}")
            for pk, group_id in members
            if grant.group_id == group_id
        ]
    for person in found:
        if person.level > everybody and person.level > getattr(best.get(person.user.pk), "level", 0):
            best[person.user.pk] = person
    return sorted(best.values(), key=lambda person: (-person.level, person.user.username))


def _admins():
    return User.objects.filter(is_superuser=True, is_active=True).order_by("username")[:MAX_PEOPLE]
