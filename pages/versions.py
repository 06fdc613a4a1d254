"""A version of a registered model: what waits on it, what speaks for it, what it came of, what was said."""

from django.conf import settings
from django.db.models import prefetch_related_objects
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.access import Level
from core.reading import once_each
from pages import duels, pending, timeline, version_checks
from pages.artifact_places import owner_by_id
from pages.artifacts import PARTS, browse
from pages.model_head import head, label_of
from registry import evidence, flavors, lineage, policies, signatures
from registry.actions import transitions
from registry.files import place_of
from registry.lookups import version_by_number
from registry.model_list import HIDDEN_TAGS
from registry.models import ModelVersion, TransitionRequest
from registry.models.policy import Target
from tracker import run_facts

TABS = (("overview", "Overview", "version-detail"), ("files", "Files", "version-files"))


def version_head(request, name: str, number: int, *, tab: str) -> dict:
    """Return what templates/versions/base.html needs. Raises NotFound for what the reader may not see."""
    version = version_by_number(name, str(number), user=request.user)
    prefetch_related_objects([version], "aliases", "created_by")
    context = head(request, version.model, tab="overview", current=version)
    governing = context["governing"]
    is_own = version.created_by_id == request.user.pk and context["can_register"]
    is_locked = policies.is_locked(version)
    return {
        **context,
        "version": version,
        "stage_label": label_of(version.place, governing),
        "aliases": [
            (alias, context["can_manage"] or (context["can_edit"] and (Target.ALIAS.value, alias) not in governing))
            for alias in sorted(alias.name for alias in version.aliases.all())
        ],
        "is_locked": is_locked,
        "can_describe": (context["can_edit"] or is_own) and not is_locked,
        "targets": targets(version, governing, request.user),
        "tab": tab,
        "tabs": [(label, reverse(url, args=[name, number]), key == tab) for key, label, url in TABS],
        "snippets": snippets(version),
    }


def targets(version: ModelVersion, governing: dict, user) -> list[tuple[str, str, bool]]:
    """Return each other stage, its label, and whether the reader may move the version there at once."""
    return [
        (
            stage,
            label_of(stage, governing),
            not transitions.why_not_move(version, Target.STAGE, stage, by=user) and not _asks(governing, stage),
        )
        for stage in policies.stages_of(governing)
        if stage != version.place
    ]


def _asks(governing: dict, stage: str) -> bool:
    """Return whether a move must come with a comment, for which there is no room in a menu."""
    policy = governing.get((Target.STAGE.value, stage))
    return bool(policy and policy.requires_comment)


def snippets(version: ModelVersion) -> list[tuple[str, str]]:
    """Return the addresses by which scripts load the version, the one that moves with its stage first."""
    name = version.model.name
    found = [("this version, whatever becomes of it", f"models:/{name}/{version.version}")]
    found += [(f"whatever @{alias.name} leads to", f"models:/{name}@{alias.name}") for alias in version.aliases.all()]
    if version.stage != ModelVersion.Stage.NONE:
        found.append((f"whatever is in {version.stage}", f"models:/{name}/{version.stage}"))
    return found


@require_safe
@once_each
def version_detail(request, name, number):
    """GET /models/NAME/versions/N[?against=N]"""
    context = version_head(request, name, number, tab="overview")
    version = context["version"]
    waiting = open_requests(version)
    found = lineage.of_version(version, user=request.user)
    opponent = _opponent(request.GET.get("against", ""), version, waiting)
    tags = dict(version.tags.order_by("key").values_list("key", "value"))
    context |= {
        "pending": [pending.of(one, user=request.user) for one in waiting],
        "lineage": found,
        "duel": duels.between(version, opponent, user=request.user) if opponent else None,
        "others": version.model.versions.active().exclude(pk=version.pk).order_by("-version")[:50],
        "version_tags": {key: value for key, value in tags.items() if not key.startswith(HIDDEN_TAGS)},
        "timeline": timeline.of_version(version, user=request.user, is_whole=request.GET.get("timeline") == "whole"),
        "outlook": version_checks.outlook(version, waiting, user=request.user),
        "posted_checks": version_checks.posted(version),
        "rollback": rollback_target(version),
        "portal_url": settings.ASSAY_URL,
        **_about(version, found),
    }
    return render(request, "versions/detail.html", context)


def open_requests(version: ModelVersion) -> list[TransitionRequest]:
    rows = TransitionRequest.objects.open().filter(version=version).select_related("requested_by").order_by("pk")
    found = list(rows)
    for request in found:
        request.version = version
    return found


def _opponent(asked: str, version: ModelVersion, waiting: list[TransitionRequest]) -> ModelVersion | None:
    """Return whom to hold the version against: whom the reader names, else whose place it would take."""
    others = version.model.versions.active().exclude(pk=version.pk).select_related("source_run")
    found = None
    if asked.isascii() and asked.isdigit() and len(asked) < 10:
        found = others.filter(version=int(asked)).first()
    elif waiting:
        found = next(iter(evidence.incumbents(version, waiting[0].kind, waiting[0].target)), None)
    elif version.stage != ModelVersion.Stage.PRODUCTION:
        found = others.filter(stage=ModelVersion.Stage.PRODUCTION).order_by("-version").first()
    if found is not None:
        found.model = version.model
    return found


def _hides_files(found: lineage.Lineage) -> bool:
    return found.hides_run and not found.model


def _about(version: ModelVersion, found: lineage.Lineage) -> dict:
    """Return what the files and the run's code say; nothing where the reader may not see them."""
    if _hides_files(found):
        return {"files": None, "signature": None, "code": None, "flavors": []}
    is_here = place_of(version)[0] is not None
    code = run_facts.source(dict(found.run.tags.values_list("key", "value"))) if found.run else None
    return {
        "files": evidence.manifest_of(version) if is_here else None,
        "flavors": flavors.of(version),
        "signature": signatures.of(version),
        "code": code,
    }


def rollback_target(version: ModelVersion) -> str:
    """Return the stage that an archived version was in before, to which a request may bring it back."""
    if version.stage != ModelVersion.Stage.ARCHIVED:
        return ""
    served = version.stage_events.filter(kind=Target.STAGE, to_stage=ModelVersion.Stage.PRODUCTION)
    return ModelVersion.Stage.PRODUCTION.value if served.exists() else ""


@require_safe
def version_files(request, name, number):
    """GET /models/NAME/versions/N/files[?path=PATH]: the files that it was registered with."""
    context = version_head(request, name, number, tab="files")
    owner, path = place_of(context["version"])
    if owner is None:
        return render(request, "versions/no_files.html", context)
    owner_id = getattr(owner, "run_id", None) or owner.model_id
    # the model being visible does not make its run's files visible
    owner = owner_by_id(owner_id, user=request.user)
    if "path" not in request.GET and path:
        return redirect(f"{request.path}?path={path}")
    context |= browse(request, owner, request.path)
    part = PARTS.get(request.GET.get("part", ""), "artifacts/_live.html")
    return render(request, part if "part" in request.GET else "versions/files.html", context)


def editable_version(request, name: str, number: int, level: Level = Level.EDIT) -> ModelVersion:
    return version_by_number(name, str(number), user=request.user, level=level)
