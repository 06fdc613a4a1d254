"""Processes that die: a web worker, the worker of jobs; and the stop that was asked for."""

import contextlib
import os
import signal
import time

from tests.faults.load import Load, Outcome
from tests.servers import Server, wait_until
from tracker import levels

BETWEEN = 25  # batches that must come through between two deaths
# Granian takes a worker that dies twice within 5.5 s for one that cannot run, and ends; `serve` then starts it anew, but
# for two seconds nobody listens
EVERY_S = 6.0


def kill_web_workers(server: Server, count: int) -> Outcome:
    """Kill -9 one web worker after the other, while eight scripts log."""
    with Load(server) as load:
        for number in range(count):
            start = time.monotonic()
            load.go_on(BETWEEN)
            time.sleep(max(EVERY_S - (time.monotonic() - start), 0) if number else 0)
            _kill(server, "portal.web")
        load.go_on(BETWEEN)
    outcome = load.outcome("a web worker is killed", count)
    requests = outcome.acknowledged + outcome.seen.total()
    outcome.notes.append(f"{outcome.seen.total()} of {requests:,} requests failed")
    return outcome


def _kill(server: Server, role: str) -> None:
    """Kill the youngest process of a role: granian's main process is the oldest."""
    with contextlib.suppress(ProcessLookupError, IndexError):
        os.kill(server.processes(role)[-1], signal.SIGKILL)


def stop_under_load(server: Server, count: int) -> Outcome:
    """Ask it to stop while scripts log, and start it again; what was acknowledged by then is there."""
    longest_s = 0.0
    with Load(server, 16) as load:
        for _ in range(count):
            load.go_on(BETWEEN)
            start = time.monotonic()
            code = server.stop()
            longest_s = max(longest_s, time.monotonic() - start)
            left = server.processes()
            assert code == 0, f"serve ended with code {code}"
            assert not left, f"processes are left: {left}"
            server.start()
            load.go_on(BETWEEN)
    outcome = load.outcome("SIGTERM under load", count)
    outcome.notes.append(f"stopped within {longest_s:.1f} s")
    return outcome


LEVELS = """
from django.db import transaction
from core.actions import jobs
from tracker import ingest, levels
from tracker.models import Metric, Run
run = Run.objects.get(run_id={run_id!r})
for first in range(0, {num_points}, 50_000):
    with transaction.atomic():
        ingest.write(run.pk, [("long", ingest.point(n / 3, timestamp_ms=n, step=n)) for n in range(first, first + 50_000)])
metric = Metric.objects.get(run=run, key="long")
for _ in range({num_jobs}):
    with transaction.atomic():
        jobs.request(levels.JOB, {{"metric_id": metric.pk}}, by=None, max_attempts=100)
"""
STATES = "SELECT state FROM core_job WHERE kind = 'series.levels'"
RUNNING = "SELECT 1 FROM core_job WHERE kind = 'series.levels' AND state = 'running'"
COVERED = "SELECT sum(num_points) FROM tracker_metriclevel"


def kill_job_workers(server: Server, count: int, *, num_points: int = 1_000_000) -> Outcome:
    """Kill -9 the worker of jobs in the middle of jobs; each is done once in the end, and the work is not doubled."""
    run_id = server.post("runs/create", experiment_id="0", start_time=1)["run"]["info"]["run_id"]
    code = LEVELS.format(run_id=run_id, num_points=num_points, num_jobs=max(count, 3))
    server.manage("shell", "-v0", "-c", code)
    for _ in range(count):
        wait_until(lambda: server.rows(RUNNING) or _is_over(server), within_s=90, every_s=0.01)
        _kill(server, "portal.background worker")
        if _is_over(server):
            break
    start = time.monotonic()
    wait_until(lambda: _is_over(server), within_s=180, every_s=0.5)
    outcome = Outcome("the worker of jobs is killed", count)
    ((covered,),) = server.rows(COVERED)
    outcome.doubled = max(covered - num_points, 0)
    outcome.lost = max(num_points - 2 * levels.BLOCK - covered, 0)
    outcome.notes.append(f"{max(count, 3)} jobs, the last done {time.monotonic() - start:.0f} s after the last kill")
    return outcome


def _is_over(server: Server) -> bool:
    states = {state for (state,) in server.rows(STATES)}
    if "failed" in states:
        raise AssertionError("a job failed")
    return states == {"done"}
