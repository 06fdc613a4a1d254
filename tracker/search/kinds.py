"""What can be searched, and by what: one description an entity kind, read by the parser and by the SQL alike.

A further kind (registered models, versions) is a further `Kind`, never a further parser. Whatever becomes part of a
statement's text stands here; what a person wrote is only ever a bound parameter.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from tracker.search.tree import Term

COMPARE = ("=", "!=")
ORDERED = ("=", "!=", "<", "<=", ">", ">=")
LIKE = (*COMPARE, "LIKE", "ILIKE")
LISTS = ("IN", "NOT IN")
NULLS = ("IS NULL", "IS NOT NULL")


class Type(Enum):
    TEXT = "text"
    NUMBER = "number"
    INTEGER = "integer"
    TIME = "time"  # milliseconds since 1970; pages also take -7d and '2026-05-03'
    DURATION = "duration"  # milliseconds; pages also take 90s
    ID = "id"  # a whole number, written as text


NUMERIC = (Type.NUMBER, Type.INTEGER, Type.TIME, Type.DURATION)


@dataclass(frozen=True)
class Owner:
    """Where an attribute is a fact of the row's owner: few owners are found at once, rather than asked for of each row."""

    key: str  # expression over t
    table: str
    column: str


@dataclass(frozen=True)
class Attribute:
    """A fact of the row itself; `sql` is an expression over the alias t."""

    sql: str
    type: Type = Type.TEXT
    operators: tuple[str, ...] = LIKE
    is_nullable: bool = False
    orders: bool = True
    is_on_wire: bool = True
    # other spellings of its values, for = != and IN
    synonyms: Mapping[str, str] = field(default_factory=dict)
    # MLflow refuses fractions for these
    is_whole: bool = False
    # MLflow only sorts by some
    filters_on_wire: bool = True
    # a number that may come in quotes
    takes_quoted: bool = False
    owner: Owner | None = None


@dataclass(frozen=True)
class KeyValues:
    """A table of keys and texts: params, tags."""

    table: str
    owner: str  # its column that points at the row
    operators: tuple[str, ...] = (*LIKE, *NULLS)
    orders: bool = True
    # key → what a row without it counts as having; any other key that is missing never matches
    absent: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Rollups:
    """A run's metrics: one row a key, which holds the rollup of its points."""

    table: str = "tracker_metric"
    owner: str = "run_id"
    operators: tuple[str, ...] = ORDERED
    # field → (column of the value, column that says whether it is NaN)
    fields: Mapping[str, tuple[str, str | None]] = field(
        default_factory=lambda: {
            "last": ("last_value", "last_is_nan"),
            "first": ("first_value", "first_is_nan"),
            "min": ("min_value", None),
            "max": ("max_value", None),
            "mean": ("mean", None),
        }
    )
    orders: bool = True


@dataclass(frozen=True)
class Points:
    """A logged model's metrics: points, of which the latest by (step, timestamp, value) is compared."""

    table: str = "tracker_loggedmodelmetric"
    owner: str = "model_id"
    operators: tuple[str, ...] = ORDERED
    fields: Mapping[str, tuple[str, str | None]] = field(default_factory=lambda: {"last": ("value", "is_nan")})
    orders: bool = True


@dataclass(frozen=True)
class Datasets:
    """The datasets that a run used; a run matches by any one of them."""

    # key → column of the edge i or of the dataset d
    columns: Mapping[str, str] = field(
        default_factory=lambda: {"name": "d.name", "digest": "d.digest", "context": "i.context"}
    )
    operators: tuple[str, ...] = (*LIKE, *LISTS)
    orders: bool = False


Related = KeyValues | Rollups | Points | Datasets


@dataclass(frozen=True)
class Kind:
    """One kind of thing that can be searched."""

    name: str
    table: str
    public_id: str  # expression of its id on the wire
    text: str  # expression that bare words are searched in
    attributes: Mapping[str, Attribute]
    related: Mapping[str, Related]
    # entity as written → metric, parameter, tag, dataset or attribute; pages take any of ENTITIES
    wire_entities: Mapping[str, str]
    default_order: tuple[Term, ...]
    # what an explicit ordering is continued with, unless it names them
    tie_breakers: tuple[Term, ...]
    unique: str  # the attribute that no two rows share; every ordering ends with it
    aliases: Mapping[str, str] = field(default_factory=dict)
    # logged models: IN for every text, values without quotes, quotes in quotes
    is_lenient: bool = False
    orders_on_wire: tuple[str, ...] = ("metric", "parameter", "tag", "attribute")

    def related_to(self, entity: str) -> Related | None:
        return self.related.get(entity)


ENTITIES = {
    "metric": "metric",
    "metrics": "metric",
    "parameter": "parameter",
    "parameters": "parameter",
    "param": "parameter",
    "params": "parameter",
    "tag": "tag",
    "tags": "tag",
    "attribute": "attribute",
    "attributes": "attribute",
    "attr": "attribute",
    "run": "attribute",
    "dataset": "dataset",
    "datasets": "dataset",
}

_ORDERED_TIME = {"type": Type.TIME, "operators": ORDERED}


def _descending(key: str) -> Term:
    return Term("attribute", key, is_ascending=False)


RUNS = Kind(
    name="run",
    table="tracker_run",
    public_id="t.run_id",
    text="t.name",
    attributes={
        "run_id": Attribute("t.run_id", operators=(*LIKE, *LISTS)),
        "run_name": Attribute("t.name"),
        "status": Attribute("t.status"),
        "user_id": Attribute("t.claimed_user"),
        "artifact_uri": Attribute("t.artifact_uri"),
        "start_time": Attribute("t.start_time_ms", **_ORDERED_TIME),
        "end_time": Attribute("t.end_time_ms", is_nullable=True, **_ORDERED_TIME),
        # pages only: who it verifiably was, and for how long it ran
        "author": Attribute(
            "(SELECT u.username FROM accounts_user u WHERE u.id = t.created_by_id)", is_nullable=True, is_on_wire=False
        ),
        # pages only: the status, but that what fell silent is STALLED; and since when
        "state": Attribute("CASE WHEN t.stalled_at IS NULL THEN t.status ELSE 'STALLED' END", is_on_wire=False),
        "duration": Attribute(
            "(t.end_time_ms - t.start_time_ms)", Type.DURATION, ORDERED, is_nullable=True, is_on_wire=False
        ),
    },
    aliases={
        "created": "start_time",
        "Created": "start_time",
        "run name": "run_name",
        "Run name": "run_name",
        "Run Name": "run_name",
    },
    related={
        "metric": Rollups(),
        "parameter": KeyValues("tracker_param", "run_id"),
        "tag": KeyValues("tracker_runtag", "run_id"),
        "dataset": Datasets(),
    },
    wire_entities=ENTITIES,
    default_order=(),
    tie_breakers=(_descending("start_time"), Term("attribute", "run_id")),
    unique="run_id",
)

EXPERIMENTS = Kind(
    name="experiment",
    table="tracker_experiment",
    public_id="CAST(t.id AS text)",
    text="t.name",
    attributes={
        "name": Attribute("t.name"),
        "experiment_id": Attribute("t.id", Type.ID, (*COMPARE, *LISTS)),
        "creation_time": Attribute("t.creation_time_ms", is_whole=True, **_ORDERED_TIME),
        "last_update_time": Attribute("t.last_update_time_ms", is_whole=True, **_ORDERED_TIME),
        "last_activity": Attribute("t.last_activity_ms", is_on_wire=False, **_ORDERED_TIME),
        "num_runs": Attribute("t.num_runs", Type.INTEGER, ORDERED, is_on_wire=False),
        "owner": Attribute(
            "(SELECT u.username FROM accounts_user u WHERE u.id = t.created_by_id)", is_nullable=True, is_on_wire=False
        ),
    },
    related={"tag": KeyValues("tracker_experimenttag", "experiment_id")},
    wire_entities={"attribute": "attribute", "tag": "tag", "tags": "tag"},
    default_order=(_descending("creation_time"), Term("attribute", "experiment_id")),
    tie_breakers=(_descending("experiment_id"),),
    unique="experiment_id",
    orders_on_wire=("attribute",),
)

_MODEL_STATUS = (
    "CASE t.status WHEN 'LOGGED_MODEL_READY' THEN 'READY' WHEN 'LOGGED_MODEL_PENDING' THEN 'PENDING' ELSE 'FAILED' END"
)
_SOURCE_RUN = "(SELECT r.run_id FROM tracker_run r WHERE r.id = t.source_run_id)"

LOGGED_MODELS = Kind(
    name="logged model",
    table="tracker_loggedmodel",
    public_id="t.model_id",
    text="t.name",
    attributes={
        "name": Attribute("t.name", operators=(*LIKE, *LISTS)),
        "model_id": Attribute("t.model_id", operators=(*LIKE, *LISTS)),
        "model_type": Attribute("t.model_type", operators=(*LIKE, *LISTS)),
        "source_run_id": Attribute(_SOURCE_RUN, operators=(*LIKE, *LISTS), is_nullable=True),
        "status": Attribute(
            _MODEL_STATUS,
            operators=(*LIKE, *LISTS),
            synonyms={
                "LOGGED_MODEL_READY": "READY",
                "LOGGED_MODEL_PENDING": "PENDING",
                "LOGGED_MODEL_UPLOAD_FAILED": "FAILED",
                "UPLOAD_FAILED": "FAILED",
            },
        ),
        "creation_timestamp": Attribute("t.creation_time_ms", **_ORDERED_TIME),
        "last_updated_timestamp": Attribute("t.last_updated_time_ms", **_ORDERED_TIME),
    },
    aliases={
        "creation_time": "creation_timestamp",
        "creation_timestamp_ms": "creation_timestamp",
        "last_updated_time": "last_updated_timestamp",
        "last_updated_timestamp_ms": "last_updated_timestamp",
    },
    related={
        "metric": Points(),
        "parameter": KeyValues("tracker_loggedmodelparam", "model_id", operators=(*LIKE, *LISTS)),
        "tag": KeyValues("tracker_loggedmodeltag", "model_id", operators=(*LIKE, *LISTS)),
    },
    wire_entities={"attributes": "attribute", "metrics": "metric", "params": "parameter", "tags": "tag"},
    default_order=(),
    tie_breakers=(_descending("creation_timestamp"), Term("attribute", "model_id")),
    unique="model_id",
    is_lenient=True,
    orders_on_wire=("metric", "attribute"),
)
