"""Which runs an export takes, and which of their columns: as a table shows them, in plain values that a job keeps."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from django.db.models import QuerySet

from core.errors import InvalidValue
from core.sql import snapshot
from registry.run_columns import logged_and_registered
from tracker import run_pages
from tracker.columns import ATTRIBUTES, Column, parse
from tracker.keyset import Page
from tracker.models import Experiment, Metric, Param, Run, RunTag
from tracker.run_table import NEWEST_FIRST, Logged, Sort, read_sort
from tracker.transfers import lend_connection

# a table of more is none that anybody opens; JSON lines name for each run what it has
MAX_ALL_COLUMNS = 1_000
BATCH = 500
# values that one batch may hold
MAX_CELLS = 50_000


@dataclass(frozen=True)
class Selection:
    """A runs table without its place, of one experiment or of several."""

    experiments: tuple[Experiment, ...]
    now_ms: int
    text: str = ""
    sort: Sort = NEWEST_FIRST
    columns: tuple[Column, ...] = ()
    is_trash: bool = False
    # (metric, whether more of it is better), which the rollup `best` goes by
    primary: tuple[str, bool] | None = None

    @property
    def experiment(self) -> Experiment:
        """The first, which is the only one wherever a job makes the file."""
        return self.experiments[0]

    @property
    def pks(self) -> list[int]:
        return [experiment.pk for experiment in self.experiments]

    def as_json(self) -> dict:
        return {
            "now_ms": self.now_ms,
            "text": self.text,
            "sort": self.sort.token,
            "columns": [column.token for column in self.columns],
            "is_trash": self.is_trash,
            "primary": self.primary,
        }

    @classmethod
    def of_json(cls, experiment: Experiment, values: dict) -> "Selection":
        columns = tuple(column for column in map(parse, values["columns"]) if column)
        primary = values["primary"] and tuple(values["primary"])
        return cls(
            (experiment,),
            values["now_ms"],
            values["text"],
            read_sort(values["sort"]),
            columns,
            values["is_trash"],
            primary,
        )

    def runs(self, *, is_paged: bool = True) -> QuerySet[Run]:
        """Return the runs; read them in one snapshot with this call. Raises InvalidFilter."""
        which = {"is_trash": self.is_trash, "now_ms": self.now_ms, "is_paged": is_paged}
        return run_pages.runs_among(self.pks, self.text, self.sort, **which)

    def count(self, limit: int) -> int:
        """Return how many runs there are, up to one more than the limit. Raises InvalidFilter."""
        with snapshot():
            return self.runs(is_paged=False).order_by()[: limit + 1].count()

    def with_all_columns(self) -> "Selection":
        """Return it with all that any run of the experiments logged. Raises InvalidValue where that is no table."""
        return self._with_columns({"run__experiment__in": self.pks, "run__deleted_at__isnull": not self.is_trash})

    def with_columns_of(self, runs: list[Run]) -> "Selection":
        """Return it with all that these runs logged, as `with_all_columns` does."""
        return self._with_columns({"run__in": [run.pk for run in runs]})

    def _with_columns(self, of: dict) -> "Selection":
        columns = [Column(kind) for kind in ATTRIBUTES]
        for model, kind in ((Metric, "last"), (Param, "param"), (RunTag, "tag")):
            rows = model.objects.filter(**of).order_by("key").values_list("key", flat=True).distinct()
            columns += [Column(kind, key) for key in rows[: MAX_ALL_COLUMNS + 1]]
        if len(columns) > MAX_ALL_COLUMNS:
            raise InvalidValue(
                f"The runs have more than {MAX_ALL_COLUMNS:,} columns, which is no table. Choose columns, or take the runs "
                "as a bundle."
            )
        return replace(self, columns=tuple(columns))

    def batches(self, *, user) -> Iterator[tuple[list[Run], Logged]]:
        """Yield runs with what they logged, in the table's order; no cursor stays open between, so a slow reader holds nothing."""
        size = max(min(BATCH, MAX_CELLS // (len(self.columns) or 1)), 1)
        after = ""
        while after is not None:
            with snapshot():
                page = self.page(user=user, size=size, after=after)
                logged = self.logged(page.rows, user=user)
            lend_connection()
            yield page.rows, logged
            after = page.after

    def page(self, *, user, size: int, after: str = "") -> Page:
        """Return runs from a place on. Raises InvalidFilter, and InvalidValue for a place that does not fit the order."""
        return run_pages.page_among(
            self.runs(),
            self.pks,
            self.text,
            self.sort,
            user=user,
            is_trash=self.is_trash,
            primary=self.primary,
            size=size,
            after=after,
        )

    def logged(self, runs: list[Run], *, user) -> Logged:
        """Return what the columns show of these runs, long values whole."""
        return logged_and_registered(runs, self.columns, self.primary, user=user, is_whole=True)
