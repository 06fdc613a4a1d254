"""What an imported version stands on: the run or the logged model here, and where its files are now."""

import re
from collections.abc import Collection
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from core.errors import InvalidValue
from imports import records
from imports.taking import Taking
from registry.sources import OBJECT_STORES, PROMPTS
from tracker import artifact_paths
from tracker.locations import below
from tracker.models import LoggedModel, Run

_OF_MODEL = re.compile(r"models:/+(m-[0-9a-f]{32})")
_OF_RUN = re.compile(r"runs:/+([0-9a-f]{32})(?:/(.*))?")


class Standing(NamedTuple):
    """A run, a logged model, neither or both; the ids as text, though they be not here."""

    location: str
    run_id: str = ""
    model_id: str = ""
    run: Run | None = None
    model: LoggedModel | None = None
    # of the run or the logged model: below where, None for what is neither's
    path: str | None = None

    @property
    def has_files(self) -> bool:
        owner = self.model or self.run
        return self.path is not None and owner is not None and owner.artifacts.at_or_below(self.path).exists()

    def is_among(self, experiments: Collection[int]) -> bool:
        owner = self.model or self.run
        return owner is not None and owner.experiment_id in experiments


def standing_of(taking: Taking, version: records.Version) -> Standing:
    place = _place(version.location) or _place(version.source) or artifact_paths.Place()
    run_id, model_id, path = version.run_id or place.run_id, place.model_id, place.path
    model = LoggedModel.objects.filter(model_id=model_id).first() if model_id else None
    run = Run.objects.filter(run_id=run_id).first() if run_id else None
    if model is None and place.run_id and run is not None and path and not run.artifacts.at_or_below(path).exists():
        # MLflow 3 keeps a run's models beside its files, under the name that was their path
        model = run.logged_models.filter(name=path).order_by("-creation_time_ms", "-pk").first()
        path = "" if model is not None else path
    if run is None and model is not None and not run_id:
        run = model.source_run
    owner = model or (run if place.run_id else None)
    if owner is not None:
        location = below(owner.artifact_uri, *filter(None, [path]))
    else:
        location = _elsewhere(version)
    run_id, model_id = run.run_id if run else run_id, model.model_id if model else model_id
    return Standing(location, run_id, model_id, run, model, path if owner is not None else None)


def _place(address: str) -> artifact_paths.Place | None:
    """Return the run or the logged model in an address, whatever its kind; None where there is none."""
    if (of_model := _OF_MODEL.match(address)) is not None:
        return artifact_paths.Place(model_id=of_model[1])
    if (of_run := _OF_RUN.match(address)) is not None:
        return artifact_paths.Place(run_id=of_run[1], path=(of_run[2] or "").strip("/"))
    try:
        found = artifact_paths.locate(unquote(urlsplit(address).path).strip("/"))
    except (InvalidValue, ValueError):
        return None
    return found and artifact_paths.Place(found.run_id, found.model_id, found.path.strip("/"))


def _elsewhere(version: records.Version) -> str:
    """Return an address that a client can open by itself, "" for places on somebody's disk."""
    address = version.location or version.source
    scheme = address.partition(":")[0].lower()
    return address if address in PROMPTS or scheme in OBJECT_STORES else ""
