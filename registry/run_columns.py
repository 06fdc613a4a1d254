"""What columns of the runs table show, with that of the registry which tracking knows nothing of."""

from collections.abc import Iterable

from registry.lineage import versions_of_runs
from tracker import run_table
from tracker.columns import Column
from tracker.models import Run
from tracker.run_table import Logged

VERSIONS = Column("versions")


def logged_and_registered(
    runs: list[Run], columns: Iterable[Column], primary=None, *, user, is_whole: bool = False
) -> Logged:
    """Return what the columns show of these runs, with what `user` may see of the versions that came of them."""
    found = run_table.logged(runs, columns, primary, is_whole=is_whole)
    if VERSIONS in columns:
        by_run = versions_of_runs(runs, user=user)
        found.versions = {pk: [f"{one.model.name} v{one.version}" for one in made] for pk, made in by_run.items()}
    return found
