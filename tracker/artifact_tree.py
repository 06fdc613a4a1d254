"""Files of a run or a logged model as folders, which exist only in the paths of files."""

import posixpath
from datetime import datetime
from typing import NamedTuple

from django.db.models import Count, F, Sum
from django.db.models.expressions import Value
from django.db.models.functions import Left, StrIndex, Substr

from core.errors import InvalidValue, NotFound
from tracker import artifact_paths
from tracker.lookups import experiment_by_id, logged_model_by_id, run_by_id
from tracker.models import Artifact, Experiment, LoggedModel, Run

# the folder of a run or a model that holds its files
ROOT = "artifacts"
MAX_NAMES = 1_000


class Entry(NamedTuple):
    """A file or a folder; `path` is relative to the owner's root, size and time are None for a folder."""

    path: str
    size_bytes: int | None
    created_at: datetime | None = None

    @property
    def name(self) -> str:
        return posixpath.basename(self.path)

    @property
    def is_dir(self) -> bool:
        return self.size_bytes is None


def entries(owner: Run | LoggedModel, folder: str = "", *, after: str = "", limit: int | None = None) -> list[Entry]:
    """Return what stands in a folder, by path; nothing for a folder that does not exist and for a file.

    `after` is the path that the page before ended with, `limit` the length of a page.
    """
    folder = artifact_paths.check_folder(folder)
    prefix = f"{folder}/" if folder else ""
    rows = owner.artifacts.below(folder).annotate(rest=Substr("path", len(prefix) + 1))
    rows = rows.annotate(slash=StrIndex("rest", Value("/")))
    files = rows.filter(slash=0, path__gt=after).order_by("path").values_list("path", "blob__size_bytes", "created_at")
    names = rows.filter(slash__gt=0).annotate(name=Left("rest", F("slash") - 1))
    folders = names.filter(name__gt=after[len(prefix) :]).order_by("name").values_list("name").distinct()
    found = [Entry(*row) for row in files[:limit]] + [Entry(prefix + name, None) for (name,) in folders[:limit]]
    return sorted(found)[:limit]


class Extent(NamedTuple):
    """What a folder holds at every depth."""

    num_files: int
    size_bytes: int


def extent(owner: Run | LoggedModel, folder: str = "") -> Extent:
    found = owner.artifacts.below(artifact_paths.check_folder(folder)).aggregate(
        num=Count("pk"), total=Sum("blob__size_bytes")
    )
    return Extent(found["num"], found["total"] or 0)


def find(owner: Run | LoggedModel, path: str) -> Artifact:
    """Return the file at `path`, with its blob. Raises NotFound where there is none, InvalidValue where it is a folder."""
    path = artifact_paths.check(path)
    rows = owner.artifacts.select_related("blob")
    artifact = rows.filter(path=path).first() or _by_decoded_name(rows, path)
    if artifact is not None:
        return artifact
    if owner.artifacts.below(path).exists():
        raise InvalidValue(f"Artifact path refers to a directory, not a file: '{path}'")
    raise NotFound(f"No such artifact: '{path}'")


def _by_decoded_name(rows, path: str) -> Artifact | None:
    """Return the one file that MLflow's client calls `path`: it decodes the names of a list before it asks for them."""
    meant = [row for row in rows.filter(path__contains="%") if artifact_paths.decoded(row.path) == path]
    return meant[0] if len(meant) == 1 else None


def names_above(path: str, *, user) -> list[str]:
    """Return the folders at a level above the runs' and models' own, as the artifact proxy has them.

    The root holds experiments, an experiment its runs and `models`, a run `artifacts`; the newest MAX_NAMES of what
    `user` may see. Raises NotFound for everything else.
    """
    match artifact_paths.check_folder(path).split("/"):
        case [""]:
            experiments = Experiment.objects.visible_to(user).active().order_by("-pk")
            return sorted(str(pk) for pk in experiments.values_list("pk", flat=True)[:MAX_NAMES])
        case [experiment_id]:
            runs = experiment_by_id(experiment_id, user=user).runs.active().order_by("-start_time_ms", "run_id")
            return sorted(["models", *runs.values_list("run_id", flat=True)[:MAX_NAMES]])
        case [experiment_id, "models"]:
            models = experiment_by_id(experiment_id, user=user).logged_models.active()
            return sorted(
                models.order_by("-creation_time_ms", "model_id").values_list("model_id", flat=True)[:MAX_NAMES]
            )
        case [_, "models", model_id]:
            return [ROOT] if logged_model_by_id(model_id, user=user) else []
        case [_, run_id]:
            return [ROOT] if run_by_id(run_id, user=user) else []
    raise NotFound("There is no such folder of artifacts.")
