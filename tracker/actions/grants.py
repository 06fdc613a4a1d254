"""Sharing an experiment: accounts.actions.grants, but for the experiment Default, which belongs to nobody."""

from accounts.actions.grants import Sharing
from core.errors import InvalidValue
from tracker.models import Experiment


class _OfExperiments(Sharing):
    def check_may_be_private(self, row):
        if row.pk == Experiment.DEFAULT_ID:
            raise InvalidValue("The experiment Default is where scripts log that name none; it stays open to the team.")

    def needs_manager(self, row):
        # Default has none from the start
        return row.pk != Experiment.DEFAULT_ID


_sharing = _OfExperiments(Experiment, noun="experiment", verbs="experiment")
grant, revoke, set_private = _sharing.grant, _sharing.revoke, _sharing.set_private
