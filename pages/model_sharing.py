"""Sharing a registered model: who has which level, and why; grants for those who manage it."""

from functools import partial

from django import forms
from django.conf import settings
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.access import Level
from pages import sharing
from pages.model_head import head, named
from registry.actions import grants
from registry.models import ModelGrant, RegisteredModel

MEANINGS = {
    Level.VIEW: "sees versions, history and what was said",
    Level.EDIT: "registers and describes versions, moves those that nothing protects, asks for the others",
    Level.MANAGE: "approves where no policy names groups, sets policies, shares, renames, deletes",
}


class GrantForm(sharing.GrantForm):
    """A level for one user or one group, by name."""

    level = forms.TypedChoiceField(
        choices=[(level.value, level.label) for level in ModelGrant.LEVELS], coerce=int, initial=Level.EDIT
    )


@require_safe
def model_sharing(request, name):
    """GET /models/NAME/sharing"""
    return _page(request, named(request, name), GrantForm())


@require_POST
def model_grant(request, name):
    """POST /models/NAME/sharing/grant"""
    model = named(request, name, Level.MANAGE)
    form = GrantForm(request.POST)
    if sharing.has_given(request, form, partial(grants.grant, model)):
        return redirect("model-sharing", name=name)
    return _page(request, model, form)


@require_POST
def model_revoke(request, name, grant_id):
    """POST /models/NAME/sharing/GRANT/revoke"""
    model = named(request, name, Level.MANAGE)
    sharing.tell(request, partial(grants.revoke, model, grant_id), "That grant is gone.")
    # whoever took the own grant back may not see the page any more
    return redirect("model-sharing", name=name) if model.level_of(request.user) else redirect("model-list")


@require_POST
def model_visibility(request, name):
    """POST /models/NAME/sharing/visibility"""
    model = named(request, name, Level.MANAGE)
    sharing.tell(request, partial(grants.set_private, model, request.POST.get("is_private") == "1"))
    return redirect("model-sharing", name=name)


def _page(request, model: RegisteredModel, form: GrantForm):
    held = model.grants.select_related("user", "group", "granted_by").order_by("-level", "pk")
    found = sharing.people(model, held)
    context = {
        **head(request, model, tab="sharing"),
        "grants": [(grant, reverse("model-revoke", args=[model.name, grant.pk])) for grant in held],
        "grant_url": reverse("model-grant", args=[model.name]),
        "visibility_url": reverse("model-visibility", args=[model.name]),
        "is_private": model.is_private,
        "can_hide": True,
        "form": form,
        "levels": [(level.label, MEANINGS[level]) for level in ModelGrant.LEVELS],
        "people": found,
        "mine": sharing.standing(model, request.user, found),
        "helpers": sharing.helpers(request.user, found),
        "member_level": settings.ASSAY_MEMBER_LEVEL,
        "names": sharing.names(),
    }
    return render(request, "models/sharing.html", context, status=400 if form.errors else 200)
