"""What an address says about a comparison, and which runs somebody has picked for one."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from django.urls import reverse

from tracker.compared_metrics import ROLLUPS
from tracker.comparison import MAX_RUNS

PICKED = "compare"
MAX_ASKED = 5_000
MAX_FIND = 250


@dataclass(frozen=True)
class CompareState:
    """One view of a comparison: the runs in their order, the base, what is shown of them and how."""

    runs: tuple[str, ...] = ()
    base: str = ""
    show: str = ROLLUPS[0]
    has_all: bool = False
    is_transposed: bool = False
    keys: str = ""

    @property
    def only_differing(self) -> bool:
        return not self.has_all

    def query(self, **changes) -> str:
        """Return the address's query, without what is by default."""
        state = replace(self, **changes)
        pairs = {
            "runs": ",".join(state.runs),
            "base": state.base if state.base in state.runs[1:] else "",
            "show": "" if state.show == ROLLUPS[0] else state.show,
            "all": "1" if state.has_all else "",
            "layout": "runs" if state.is_transposed else "",
            "keys": state.keys,
        }
        return urlencode({name: value for name, value in pairs.items() if value}, safe=",")

    def address(self, **changes) -> str:
        return f"{reverse('compare')}?{self.query(**changes)}"

    @property
    def rest(self) -> str:
        """Return the state without its runs, for a form that changes these."""
        return replace(self, runs=())._without_runs()

    def _without_runs(self) -> str:
        return self.query() + (f"&{urlencode({'base': self.base})}" if self.base else "")


def read(query: QueryDict, runs: Iterable[str] | None = None) -> CompareState:
    """Read the state from an address; `runs` stand for those that it names."""
    named = ids(query.get("runs", "").split(",")) if runs is None else runs
    show = query.get("show", "")
    return CompareState(
        runs=tuple(named),
        base=query.get("base", "")[:64].replace("\0", ""),
        show=show if show in ROLLUPS else ROLLUPS[0],
        has_all=query.get("all") == "1",
        is_transposed=query.get("layout") == "runs",
        keys=query.get("keys", "").replace("\0", "").strip()[:MAX_FIND],
    )


def ids(named: Iterable[str]) -> list[str]:
    """Return what may be ids of runs, each once."""
    fitting = (run_id.strip() for run_id in named)
    return list(dict.fromkeys(one for one in fitting if one and len(one) <= 64 and "\0" not in one))[:MAX_ASKED]


def picked(request: HttpRequest) -> list[str]:
    """Return the runs that somebody has picked for a comparison, wherever they stood."""
    return ids(request.session.get(PICKED, []))[:MAX_RUNS]


def pick(request: HttpRequest, run_ids: Iterable[str]) -> None:
    request.session[PICKED] = ids(run_ids)[:MAX_RUNS]
