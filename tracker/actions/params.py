"""Logging params: written once, the same value again changes nothing."""

from django.db import transaction

from core.errors import InvalidValue
from core.sql import any_of, fetch_all, write_rows
from tracker.actions.runs import refuse_deleted
from tracker.lookups import RunRow, hold_run_to_log
from tracker.models import Run
from tracker.validation import MAX_PARAM_VALUE, check_key

_INSERT = "INSERT INTO tracker_param (run_id, key, value) {rows} ON CONFLICT (run_id, key) DO NOTHING RETURNING key"


@transaction.atomic
def log(run: RunRow | Run, key: str, value: str, *, by) -> None:
    """Write one param. Raises InvalidValue where it has another value already."""
    check_key(key)
    hold_run_to_log(run.pk)
    refuse_deleted(run)
    write(run, {key: value})


def write(run: RunRow | Run, params: dict[str, str]) -> None:
    """Write checked params, cut to their limit. Call it inside a transaction that holds the run.

    Raises InvalidValue where one has another value already; the caller's transaction then undoes them all.
    """
    params = {key: value[:MAX_PARAM_VALUE] for key, value in sorted(params.items())}
    rows = [(run.pk, key, value) for key, value in params.items()]
    if len(write_rows(_INSERT, ("bigint", "text", "text"), rows)) == len(params):
        return
    among, keys = any_of(params)
    stored = dict(fetch_all(f"SELECT key, value FROM tracker_param WHERE run_id = %s AND key {among}", [run.pk, keys]))
    changed = {key: value for key, value in params.items() if stored[key] != value}
    if changed:
        raise InvalidValue(_conflict(run.run_id, changed, stored))


def _conflict(run_id: str, changed: dict[str, str], stored: dict[str, str]) -> str:
    key, value = next(iter(changed.items()))
    others = f" {len(changed) - 1} more params differ, too." if len(changed) > 1 else ""
    return (
        f"Changing param values is not allowed. Param with key='{key}' was already logged with "
        f"value='{stored[key][:500]}' for run ID='{run_id}'. Attempted logging new value '{value[:500]}'.{others}"
    )
