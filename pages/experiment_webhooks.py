"""Webhooks of an experiment's runs, in Assay's own words."""

from accounts.access import Level
from core.webhook_events import ASSAY, EXAMPLES
from pages.experiment_head import head
from pages.webhooks import WebhookPages
from tracker.lookups import experiment_by_id
from tracker.models import Experiment
from tracker.webhooks import KIND


class ExperimentWebhookPages(WebhookPages):
    kind = KIND
    route = "experiments/<int:pk>/webhooks"
    name = "experiment-webhooks"
    base = "experiments/base.html"
    vocabularies = {ASSAY: "Assay"}
    told = "runs of this experiment that finish, fail, are killed or fall silent"
    none_yet = "A webhook tells a channel that a run failed overnight, or starts an evaluation when one finishes."

    def thing(self, request, pk: int) -> Experiment:
        return experiment_by_id(str(pk), user=request.user, level=Level.MANAGE)

    def head(self, request, thing: Experiment) -> dict:
        return head(request, thing, tab="webhooks")

    def key_of(self, thing: Experiment) -> int:
        return thing.pk

    def events(self, thing: Experiment, vocabulary: str, chosen: list[str] = ()) -> list[str]:
        return list(EXAMPLES[vocabulary])
