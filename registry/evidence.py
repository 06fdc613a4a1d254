"""What a version stands on, as plain values, and a digest of it: approvals hold for this evidence and no other."""

import hashlib

import orjson

from core.reading import remembered
from registry import signatures
from registry.files import files_of
from registry.models import Alias, ModelVersion
from registry.models.policy import Target
from tracker.models import LoggedModelMetric, Metric, Run

COMMIT = "mlflow.source.git.commit"


@remembered
def of(version: ModelVersion, kind: str, target: str) -> dict:
    """Return the evidence of moving a version to a stage or an alias, as it is at this moment."""
    run = version.source_run
    return {
        "source": version.storage_location,
        "files": manifest_of(version),
        "params": _params(version),
        "metrics": metrics_of(version),
        "signature": signatures.digest(signatures.of(version)),
        "commit": run.tags.filter(key=COMMIT).values_list("value", flat=True).first() or "" if run else "",
        "run_status": _status(run) if run else "",
        "incumbent": [other.version for other in incumbents(version, kind, target)],
    }


def _status(run: Run) -> str:
    # only what is archived lets its run go to the trash, and it can be asked back
    return f"{run.status} in the trash" if run.is_deleted else run.status


def digest(evidence: dict) -> str:
    return hashlib.sha256(orjson.dumps(evidence, option=orjson.OPT_SORT_KEYS)).hexdigest()


@remembered
def incumbents(version: ModelVersion, kind: str, target: str) -> list[ModelVersion]:
    """Return what is at the target now, the highest number first; never the version itself."""
    if kind == Target.ALIAS:
        alias = Alias.objects.filter(model=version.model_id, name=target).exclude(version=version)
        return [found.version for found in alias.select_related("version")]
    others = version.model.versions.filter(deleted_at=None).in_stage(target).exclude(pk=version.pk)
    return list(others.order_by("-version"))


@remembered
def metrics_of(version: ModelVersion) -> dict[str, float | str]:
    """Return the latest value of each metric: the logged model's own, and those of its run that it has not; NaN is text."""
    found: dict[str, float | str] = {}
    if version.source_run_id:
        rows = Metric.objects.filter(run=version.source_run_id).values_list("key", "last_value", "last_is_nan")
        found = {key: "NaN" if is_nan else value for key, value, is_nan in rows}
    if version.source_model_id:
        latest = LoggedModelMetric.objects.filter(model=version.source_model_id).latest_of_each()
        found |= {row.key: "NaN" if row.is_nan else row.value for row in latest}
    return found


def _params(version: ModelVersion) -> dict[str, str]:
    found = {}
    if version.source_run_id:
        found = dict(version.source_run.params.values_list("key", "value"))
    if version.source_model_id:
        found |= dict(version.source_model.params.values_list("key", "value"))
    return found


@remembered
def manifest_of(version: ModelVersion) -> dict:
    """Return the manifest: how many files, their bytes, and one hash over their paths and contents."""
    manifest = hashlib.sha256()
    num_files = size_bytes = 0
    for path, sha256, size, blob in (
        files_of(version).order_by("path").values_list("path", "blob__sha256", "blob__size_bytes", "blob_id")
    ):
        # what was sent in parts has no hash until a job has read it; its bytes do not change with that
        manifest.update(orjson.dumps([path, sha256 or f"blob {blob}", size]))
        num_files += 1
        size_bytes += size
    return {"digest": manifest.hexdigest(), "num_files": num_files, "size_bytes": size_bytes}


_WORDS = {"source": "source", "signature": "signature", "commit": "commit", "run_status": "status of the run"}


def changes(before: dict, after: dict) -> list[str]:
    """Return what is not as it was, in words.

    >>> changes({"metrics": {"f1": 0.9}}, {"metrics": {"f1": 0.8}})
    ['The metric f1 was 0.9 and is 0.8.']
    """
    found = [f"The {words} changed." for key, words in _WORDS.items() if before.get(key) != after.get(key)]
    if before.get("files") != after.get("files"):
        found.append("The files changed.")
    for key, word in (("params", "param"), ("metrics", "metric")):
        old, new = before.get(key, {}), after.get(key, {})
        for name in sorted(old.keys() | new.keys()):
            if old.get(name) != new.get(name):
                found.append(f"The {word} {name} was {old.get(name, 'absent')} and is {new.get(name, 'absent')}.")
    if before.get("incumbent") != after.get("incumbent"):
        found.append(f"The incumbent was {_numbers(before)} and is {_numbers(after)}.")
    return found


def _numbers(evidence: dict) -> str:
    return ", ".join(f"version {number}" for number in evidence.get("incumbent", [])) or "none"
