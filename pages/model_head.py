"""What stands above every page of a registered model: where its versions stand, who may do what, its tabs."""

from typing import NamedTuple

from django.urls import reverse

from accounts.access import Level
from core.actions import stars
from registry import model_list, policies
from registry.lookups import model_by_name
from registry.model_list import HIDDEN_TAGS, Occupant
from registry.models import ModelVersion, RegisteredModel
from registry.models.policy import Target

TABS = (
    ("overview", "Versions", "model-detail"),
    ("history", "History", "model-history"),
    ("policies", "Policies", "model-policies"),
    ("webhooks", "Webhooks", "model-webhooks"),
    ("sharing", "Sharing", "model-sharing"),
    ("settings", "Settings", "model-settings"),
)
STAGES = tuple(stage.value for stage in ModelVersion.Stage)


class StageBox(NamedTuple):
    """One stage of the pipeline and what is in it."""

    stage: str
    label: str
    occupant: Occupant | None
    is_protected: bool
    is_current: bool = False
    # of a stage that a policy adds: what it is on the wire
    shows_as: str = ""


def head(request, model: RegisteredModel, *, tab: str, current: ModelVersion | None = None) -> dict:
    """Return what templates/models/base.html needs; `current` is the version that a page is about."""
    level = model.level_of(request.user)
    governing = policies.by_target(model)
    tags = dict(model.tags.order_by("key").values_list("key", "value"))
    return {
        "model": model,
        "is_starred": stars.is_starred(request.user, "registeredmodel", model.pk),
        "level": level,
        "can_register": level >= Level.LOG,
        "can_edit": level >= Level.EDIT,
        "can_manage": level >= Level.MANAGE,
        "tags": {key: value for key, value in tags.items() if not key.startswith(HIDDEN_TAGS)},
        "governing": governing,
        "strip": strip(model, governing, current),
        "tab": tab,
        "tabs": [
            (label, reverse(name, args=[model.name]), key == tab)
            for key, label, name in TABS
            if key != "webhooks" or level >= Level.MANAGE
        ],
    }


def named(request, name: str, level: Level = Level.VIEW) -> RegisteredModel:
    """Return the model that an address names. Raises NotFound, NotAllowed."""
    return model_by_name(name, user=request.user, level=level)


def strip(model: RegisteredModel, governing: dict, current: ModelVersion | None = None) -> list[StageBox]:
    """Return the pipeline in its order; `current` marks the stage of a version."""
    there = model_list.occupants([model], with_added=True)[model.pk]
    return [
        StageBox(
            stage,
            label_of(stage, governing),
            there.get(stage),
            (Target.STAGE.value, stage) in governing,
            current is not None and current.place == stage,
            wire if (wire := wire_of(stage, governing)) != stage else "",
        )
        for stage in policies.stages_of(governing)
    ]


def wire_of(stage: str, governing: dict) -> str:
    policy = governing.get((Target.STAGE.value, stage))
    return (policy.wire_stage if policy else "") or stage


def label_of(stage: str, governing: dict) -> str:
    """Return what pages call a stage: its policy may say so."""
    policy = governing.get((Target.STAGE.value, stage))
    return (policy.shown_as if policy else "") or stage
