"""Webhooks of a registered model, in MLflow's words or in Databricks'."""

from accounts.access import Level
from core.webhook_events import DATABRICKS, EXAMPLES, MLFLOW, SITE_WIDE_ONLY
from pages.model_head import head, named
from pages.webhooks import WebhookPages
from registry import names
from registry.models import RegisteredModel
from registry.webhooks import KIND


class ModelWebhookPages(WebhookPages):
    kind = KIND
    route = "models/<str:name>/webhooks"
    name = "model-webhooks"
    base = "models/base.html"
    vocabularies = {MLFLOW: "MLflow", DATABRICKS: "Databricks"}
    told = "what happens to this model"
    none_yet = "A webhook starts a pipeline, or tells a channel, when a version is registered, asked for or moved."

    def thing(self, request, name: str) -> RegisteredModel:
        return named(request, name, Level.MANAGE)

    def head(self, request, thing: RegisteredModel) -> dict:
        return head(request, thing, tab="webhooks")

    def key_of(self, thing: RegisteredModel) -> str:
        return thing.name

    def events(self, thing: RegisteredModel, vocabulary: str, chosen: list[str] = ()) -> list[str]:
        # prompts have other events than models
        is_prompt = names.is_prompt(thing)
        return [
            event
            for event in EXAMPLES[vocabulary]
            if event in chosen
            or (event not in SITE_WIDE_ONLY and (vocabulary == DATABRICKS or event.startswith("prompt") == is_prompt))
        ]
