from registry.models.check import Check
from registry.models.history import StageEvent
from registry.models.model_version import Alias, ModelVersion, ModelVersionTag
from registry.models.policy import StagePolicy
from registry.models.registered_model import ModelGrant, RegisteredModel, RegisteredModelTag
from registry.models.transition import Approval, TransitionRequest

__all__ = [
    "Alias",
    "Approval",
    "Check",
    "ModelGrant",
    "ModelVersion",
    "ModelVersionTag",
    "RegisteredModel",
    "RegisteredModelTag",
    "StageEvent",
    "StagePolicy",
    "TransitionRequest",
]
