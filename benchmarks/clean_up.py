"""Clean up 100,000 artifacts by a policy: `python benchmarks/clean_up.py [--runs 1000] [--files 100]`.

On a data folder of its own that goes at the end, or on the database that DATABASE_URL names, which must be empty, and in the
bucket that ASSAY_STORAGE_URL names. A tenth of the runs is pinned and stays. Prints, for the dry run and for carrying it out,
seconds of the clock and of this process.
"""

import argparse
import hashlib
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=1_000)
    parser.add_argument("--files", type=int, default=100, help="of each run")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"ASSAY_HOME": home, "DJANGO_SETTINGS_MODULE": "portal.settings"}
        measure(options.runs, options.files)


def measure(num_runs: int, num_files: int) -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    policy = fill(num_runs, num_files)
    from tracker.actions import clean_up

    with timed("dry run"):
        report = clean_up.look_now(policy)
    with timed("carried out"):
        report = clean_up.carry_out_now(report)
    print(f"{report.num_purged} runs and {report.removed_bytes:,} bytes went, {report.num_kept} runs stayed")


@contextmanager
def timed(what: str):
    start, cpu = time.perf_counter(), time.process_time()
    yield
    print(f"{what}: {time.perf_counter() - start:.1f} s, {time.process_time() - cpu:.1f} s cpu", flush=True)


def fill(num_runs: int, num_files: int):
    from django.contrib.auth import get_user_model
    from django.utils import timezone

    from tracker.actions import experiments, retention, runs
    from tracker.models import Hold, Run
    from tracker.retention import Rules

    ada = get_user_model().objects.create_superuser("ada", password="a long enough password")
    experiment = experiments.create("to be cleaned", by=ada)
    for number in range(num_runs):
        run = runs.create(experiment, name=f"run-{number}", by=ada)
        log_files(run, num_files)
        if number % 10 == 0:
            Hold.objects.create(run=run, kind=Hold.Kind.PIN, created_by=ada)
    Run.objects.update(status="FINISHED", deleted_at=timezone.now() - timedelta(days=99))
    return retention.set(experiment, Rules(purge_after_days=30), by=ada)


def log_files(run, num_files: int) -> None:
    """Store files past the upload, which asks the database about each."""
    from tracker.models import Artifact, Blob
    from tracker.storage import new_key

    contents = {new_key(): f"{run.run_id} {number}".encode() for number in range(num_files)}
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, contents, contents.values()))
    blobs = [
        Blob(key=key, size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
        for key, content in contents.items()
    ]
    Blob.objects.bulk_create(blobs)
    Artifact.objects.bulk_create(
        Artifact(run=run, path=f"plots/{n}.png", blob=blob, created_by=run.created_by) for n, blob in enumerate(blobs)
    )


def put(key: str, content: bytes) -> None:
    from django.core.files.base import ContentFile
    from django.core.files.storage import default_storage

    if "ASSAY_STORAGE_URL" in os.environ:
        default_storage.save(key, ContentFile(content))
        return
    # past the storage, which syncs each
    path = default_storage.location / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


if __name__ == "__main__":
    main()
