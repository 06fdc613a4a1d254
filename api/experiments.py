"""Experiments (MLFLOW_CONTRACT 1.1)."""

from typing import Annotated

import msgspec

from accounts.access import Level
from api import wire
from api.endpoint import KeyValue, RequiredText, caller_token_id
from core.errors import InvalidValue
from tracker.actions import experiments
from tracker.lookups import experiment_by_id, experiment_by_name, experiment_pk
from tracker.models import DatasetInput, Experiment


class Create(msgspec.Struct):
    name: RequiredText
    artifact_location: str = ""
    tags: list[KeyValue] = []


def create(request, body: Create):
    """POST experiments/create; a taken name, a deleted experiment's too, is RESOURCE_ALREADY_EXISTS"""
    experiment = experiments.create(
        body.name,
        artifact_location=body.artifact_location,
        tags=[(tag.key, tag.value) for tag in body.tags],
        by=request.user,
        token_id=caller_token_id(request),
    )
    return {"experiment_id": str(experiment.pk)}


class OfExperiment(msgspec.Struct):
    experiment_id: RequiredText


def get(request, body: OfExperiment):
    """GET experiments/get; it finds deleted ones too"""
    return {"experiment": wire.experiment(experiment_by_id(body.experiment_id, user=request.user))}


class GetByName(msgspec.Struct):
    experiment_name: RequiredText


def get_by_name(request, body: GetByName):
    """GET experiments/get-by-name; it finds deleted ones too"""
    return {"experiment": wire.experiment(experiment_by_name(body.experiment_name, user=request.user))}


class Update(OfExperiment):
    new_name: RequiredText


def update(request, body: Update):
    """POST experiments/update; a deleted one is a 400, where MLflow answers 500"""
    experiments.rename(_managed(request, body), body.new_name, by=request.user, token_id=caller_token_id(request))
    return {}


def delete(request, body: OfExperiment):
    """POST experiments/delete; with all of its runs, and a second time is a 404"""
    experiments.delete(_managed(request, body), by=request.user, token_id=caller_token_id(request))
    return {}


def restore(request, body: OfExperiment):
    """POST experiments/restore; with all of its runs, those deleted one by one included"""
    experiments.restore(_managed(request, body), by=request.user, token_id=caller_token_id(request))
    return {}


class SetTag(OfExperiment):
    key: RequiredText
    value: str = ""


def set_tag(request, body: SetTag):
    """POST experiments/set-experiment-tag"""
    experiments.set_tag(_edited(request, body), body.key, body.value, by=request.user)
    return {}


class DeleteTag(OfExperiment):
    key: RequiredText


def delete_tag(request, body: DeleteTag):
    """POST experiments/delete-experiment-tag; a missing tag is a 404"""
    experiments.delete_tag(_edited(request, body), body.key, by=request.user)
    return {}


MAX_EXPERIMENTS = 20
MAX_SUMMARIES = 1_000


class SearchDatasets(msgspec.Struct):
    experiment_ids: Annotated[list[str], msgspec.Meta(min_length=1)]


def search_datasets(request, body: SearchDatasets):
    """POST experiments/search-datasets; for the web interface, what one may not see has no datasets"""
    if len(body.experiment_ids) > MAX_EXPERIMENTS:
        raise InvalidValue(
            f"SearchDatasets request cannot specify more than {MAX_EXPERIMENTS} experiment_ids. "
            f"Received {len(body.experiment_ids)} experiment_ids."
        )
    visible = Experiment.objects.visible_to(request.user).filter(pk__in=map(experiment_pk, body.experiment_ids))
    uses = DatasetInput.objects.filter(dataset__experiment__in=visible).order_by("dataset_id", "context")
    found = uses.values_list("dataset__experiment_id", "dataset__name", "dataset__digest", "context", "dataset_id")
    return {"dataset_summaries": [wire.dataset_summary(*row[:4]) for row in found.distinct()[:MAX_SUMMARIES]]}


def _managed(request, body: OfExperiment) -> Experiment:
    return experiment_by_id(body.experiment_id, user=request.user, level=Level.MANAGE)


def _edited(request, body: OfExperiment) -> Experiment:
    return experiment_by_id(body.experiment_id, user=request.user, level=Level.EDIT)
