"""Sharing a model: accounts.actions.grants, but for its levels, the order of locks, and what else keeps who may see it."""

from accounts.access import Level
from accounts.actions.grants import Sharing
from core.errors import InvalidValue
from registry import registrations
from registry.actions.held import hold
from registry.models import ModelGrant, RegisteredModel


class _OfModels(Sharing):
    def lock(self, row):
        hold(row.pk)

    def check_level(self, level: Level):
        if level not in ModelGrant.LEVELS:
            raise InvalidValue("On a model the levels are view, edit and manage.")

    def after_set_private(self, row):
        registrations.record_all(row)


_sharing = _OfModels(RegisteredModel, noun="model", verbs="registeredmodel")
grant, revoke, set_private = _sharing.grant, _sharing.revoke, _sharing.set_private
