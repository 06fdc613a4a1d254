"""What a source holds, in one shape whatever the source: the server's answers, rows of its database, files of mlruns."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from tracker.rollup import Point


class Experiment(NamedTuple):
    """An experiment as its source knows it."""

    id: str
    name: str
    location: str = ""
    is_deleted: bool = False
    created_ms: int | None = None
    updated_ms: int | None = None
    tags: dict[str, str] = {}
    is_private: bool = False


class DatasetUse(NamedTuple):
    """A dataset that a run used, with the tags of this use."""

    name: str
    digest: str
    source_type: str = ""
    source: str = ""
    schema: str = ""
    profile: str = ""
    tags: list[tuple[str, str]] = []


class Run(NamedTuple):
    """A run without its points, which are read apart."""

    run_id: str
    experiment_id: str
    name: str = ""
    status: str = "FINISHED"
    start_ms: int | None = None
    end_ms: int | None = None
    user: str = ""
    is_deleted: bool = False
    deleted_ms: int | None = None
    location: str = ""
    params: dict[str, str] = {}
    tags: dict[str, str] = {}
    datasets: list[DatasetUse] = []
    model_inputs: list[str] = []
    model_outputs: list[tuple[str, int]] = []
    # where the source tells the keys with the run: what to ask histories for
    metric_keys: list[str] = []
    # whose token logged it, where the source has accounts
    author: str = ""


class ModelPoint(NamedTuple):
    """A metric point of a logged model."""

    key: str
    value: float
    timestamp_ms: int
    step: int
    run_id: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""


class LoggedModel(NamedTuple):
    """A logged model with all that belongs to it but its files."""

    model_id: str
    experiment_id: str
    name: str
    model_type: str = ""
    run_id: str = ""
    status: str = "LOGGED_MODEL_READY"
    status_message: str = ""
    location: str = ""
    created_ms: int | None = None
    updated_ms: int | None = None
    is_deleted: bool = False
    params: dict[str, str] = {}
    tags: dict[str, str] = {}
    metrics: list[ModelPoint] = []


class Version(NamedTuple):
    """A version of a registered model; `location` is where its files are, "" where the source did not resolve it."""

    number: int
    source: str = ""
    location: str = ""
    description: str = ""
    run_id: str = ""
    run_link: str = ""
    stage: str = "None"
    status: str = "READY"
    user: str = ""
    created_ms: int | None = None
    updated_ms: int | None = None
    tags: dict[str, str] = {}


class RegisteredModel(NamedTuple):
    """A registered model or a prompt; `last_version` counts versions that were deleted, too."""

    name: str
    description: str = ""
    user: str = ""
    created_ms: int | None = None
    updated_ms: int | None = None
    tags: dict[str, str] = {}
    aliases: dict[str, int] = {}
    versions: list[Version] = []
    last_version: int = 0


class Source(Protocol):
    """Where an import reads. What cannot be read goes to the report that the source was opened with, and is left out."""

    # its address without credentials, the same for the same source each time
    name: str
    # whether runs and logged models that are here from elsewhere stay as they are, though it has something of their id
    adds_to_its_own_alone: bool

    def experiments(self) -> Iterator[Experiment]: ...

    def num_runs(self, experiment: Experiment) -> int: ...

    def runs(self, experiment: Experiment) -> Iterator[Run]: ...

    def num_points(self, run: Run) -> int | None:
        """Return how many points a run has where that costs less than reading them."""

    def points(self, run: Run) -> Iterator[tuple[str, set[Point]]]:
        """Yield (key, points), a bounded number at a time; the same key may come again."""

    def logged_models(self, experiment: Experiment) -> Iterator[LoggedModel]: ...

    def registered_models(self) -> Iterator[RegisteredModel]: ...

    def left_out(self) -> dict[str, int]:
        """Return how much there is of each kind of thing that Assay has no place for."""

    def files(self, owner: Run | LoggedModel):
        """Return imports.files.Files of a run or a logged model. Raises files.OutOfReach."""

    def close(self) -> None: ...
