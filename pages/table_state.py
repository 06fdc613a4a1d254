"""What an address says about the runs table: the filter, the order, the columns, the place."""

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict

from core.errors import InvalidValue
from tracker import columns as all_columns
from tracker.columns import Column
from tracker.models import Experiment
from tracker.run_table import NEWEST_FIRST, Sort, read_sort

SIZES = (25, 50, 100, 200)
DEFAULT_SIZE = 50
MAX_QUERY = 4000
MAX_OPEN = 20
COLUMNS_COOKIE = "assay_columns"


@dataclass(frozen=True)
class TableState:
    """One view of an experiment's runs, as an address keeps it."""

    q: str = ""
    sort: Sort = NEWEST_FIRST
    columns: tuple[Column, ...] = ()
    has_own_columns: bool = False
    is_trash: bool = False
    is_flat: bool = False
    size: int = DEFAULT_SIZE
    after: str = ""
    before: str = ""
    opened: tuple[str, ...] = ()
    base: str = ""
    shaded: tuple[Column, ...] = ()
    view_id: str = ""
    group: Column | None = None

    @property
    def is_nested(self) -> bool:
        """Children stand under their parents only where nothing reorders or thins out the runs."""
        return not (self.is_flat or self.is_trash or self.q or self.group) and self.sort.column.kind == "started"

    def query(self, **changes) -> str:
        """Return the address's query, without what is by default; a change of the order or filter begins at page one."""
        return replace(self, **changes)._encoded()

    @property
    def here(self) -> str:
        return self._encoded()

    @property
    def filter_only(self) -> str:
        """Return the query of the same table from its first page."""
        return self.query(after="", before="", opened=())

    def as_view(self) -> str:
        """Return the query as a view keeps it: with its columns, from the first page, under no view's name."""
        return self.query(has_own_columns=True, view_id="", after="", before="", opened=())

    def pairs(self) -> list[tuple[str, str]]:
        """Return the state as fields of a form or an address, without the filter, the place and what is unfolded."""
        pairs = [("sort", self.sort.token)] if not self.sort.is_default else []
        pairs += [("col", column.token) for column in self.columns] if self.has_own_columns else []
        pairs += [("view", "trash")] if self.is_trash else []
        pairs += [("flat", "1")] if self.is_flat else []
        pairs += [("group", self.group.token)] if self.group else []
        pairs += [("base", self.base)] if self.base else []
        pairs += [("v", self.view_id)] if self.view_id else []
        pairs += [("shade", column.token) for column in self.shaded]
        return pairs + ([("size", str(self.size))] if self.size != DEFAULT_SIZE else [])

    @property
    def fields(self) -> list[tuple[str, str]]:
        """Return what the form of the filter keeps beside what it asks for."""
        return [(name, value) for name, value in self.pairs() if name != "group"]

    def _encoded(self) -> str:
        pairs = [("q", self.q)] if self.q else []
        pairs += self.pairs()
        pairs += [("open", run_id) for run_id in self.opened]
        pairs += [(name, value) for name, value in (("after", self.after), ("before", self.before)) if value]
        return urlencode(pairs)


def read(
    request: HttpRequest, experiment: Experiment, primary: tuple[str, bool] | None, get: QueryDict | None = None
) -> TableState:
    """Read the state from an address. What it does not say is as this browser last chose it, or by default."""
    get = request.GET if get is None else get
    chosen = get.getlist("col") or remembered(request)
    columns = all_columns.parse_all(chosen)
    return TableState(
        q=_text(get.get("q", "")),
        sort=read_sort(get.get("sort", "")),
        columns=tuple(columns or all_columns.default_columns(experiment, primary[0] if primary else "")),
        has_own_columns=bool(columns and get.getlist("col")),
        is_trash=get.get("view") == "trash",
        is_flat=get.get("flat") == "1",
        size=_size(get.get("size", "")),
        after=get.get("after", ""),
        before=get.get("before", ""),
        base=get.get("base", "")[:64].replace("\0", ""),
        view_id=view_id if (view_id := get.get("v", "")).isdecimal() and len(view_id) < 19 else "",
        shaded=tuple(all_columns.parse_all(get.getlist("shade"))),
        group=all_columns.parse_group(get.get("group", "")),
        opened=tuple(run_id for run_id in get.getlist("open")[:MAX_OPEN] if len(run_id) <= 64 and "\0" not in run_id),
    )


def read_filter(request: HttpRequest) -> TableState:
    """Read only the filter from an address, for pages of the same runs that have no columns."""
    return TableState(q=_text(request.GET.get("q", "")))


def remembered(request: HttpRequest) -> list[str]:
    """Return the columns that this browser chose last for this experiment."""
    value = request.COOKIES.get(COLUMNS_COOKIE, "")
    return [key for key, _ in _pairs(value)]


def _pairs(value: str) -> list[tuple[str, str]]:
    from urllib.parse import parse_qsl

    return parse_qsl(value, keep_blank_values=True)


def _text(q: str) -> str:
    if len(q) > MAX_QUERY:
        raise InvalidValue(f"The filter has {len(q)} characters, at most {MAX_QUERY} are allowed.")
    return q.strip()


def _size(text: str) -> int:
    return next((size for size in SIZES if str(size) == text), DEFAULT_SIZE)
