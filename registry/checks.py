"""What must hold before a version moves: each check of a policy → passed, failed or pending, with a reason in words.

A policy's checks are plain values, one dictionary each; `validate` says what they may look like:

    {"check": "metric_vs_incumbent", "metric": "f1", "is_large_good": true, "margin": 0.01}
    {"check": "metric_threshold", "metric": "loss", "is_large_good": false, "value": 0.2}
    {"check": "required_tags", "tags": ["owner"]}
    {"check": "description"}
    {"check": "signature"}        {"check": "signature_compatible"}
    {"check": "run_finished"}     {"check": "artifacts"}
    {"check": "external", "name": "ci/load-test"}
"""

from collections.abc import Callable
from typing import NamedTuple

from core.errors import InvalidValue
from registry import evidence, signatures
from registry.files import files_of, place_of
from registry.models import Check, ModelVersion, StagePolicy
from tracker import blobs
from tracker.models import Run

PASSED, FAILED, PENDING = Check.State.PASSED, Check.State.FAILED, Check.State.PENDING
MAX_CHECKS = 30
MAX_NAME = 250
# checks are looked at with every page of a request that waits
MAX_BYTES_READ = 4 * 1024 * 1024
MAX_FILES_LOOKED_AT = 200


class Result(NamedTuple):
    """What came of one check; `name` is unique within a policy."""

    name: str
    state: str
    reason: str
    link: str = ""

    @property
    def has_passed(self) -> bool:
        return self.state == PASSED


def results(policy: StagePolicy | None, version: ModelVersion) -> list[Result]:
    """Return what came of each check of a policy, in its order."""
    if policy is None:
        return []
    return [_BY_NAME[spec["check"]](version, spec, policy) for spec in policy.checks]


def standing_in_the_way(policy: StagePolicy | None, version: ModelVersion) -> list[Result]:
    return [result for result in results(policy, version) if not result.has_passed]


def _metric_vs_incumbent(version: ModelVersion, spec: dict, policy: StagePolicy) -> Result:
    key, name = spec["metric"], f"{spec['metric']} against the incumbent"
    value = evidence.metrics_of(version).get(key)
    if not isinstance(value, float | int):
        return Result(name, FAILED, f"The version has no number for the metric {key}.")
    incumbents = evidence.incumbents(version, policy.kind, policy.target)
    if not incumbents:
        return Result(name, PASSED, f"{key} is {value:g}, and there is no incumbent.")
    other = evidence.metrics_of(incumbents[0]).get(key)
    where = f"version {incumbents[0].version}"
    if not isinstance(other, float | int):
        return Result(name, PASSED, f"{key} is {value:g}; {where} has no such metric.")
    margin = spec.get("margin", 0)
    is_worse = value < other - margin if spec["is_large_good"] else value > other + margin
    within = f", within {margin:g}" if margin else ""
    if is_worse:
        return Result(name, FAILED, f"{key} is {value:g}, worse than the {other:g} of {where}.")
    return Result(name, PASSED, f"{key} is {value:g}, not worse than the {other:g} of {where}{within}.")


def _metric_threshold(version: ModelVersion, spec: dict, policy: StagePolicy) -> Result:
    key, bound, is_large_good = spec["metric"], spec["value"], spec["is_large_good"]
    name = f"{key} {'at least' if is_large_good else 'at most'} {bound:g}"
    value = evidence.metrics_of(version).get(key)
    if not isinstance(value, float | int):
        return Result(name, FAILED, f"The version has no number for the metric {key}.")
    is_good = value >= bound if is_large_good else value <= bound
    return Result(name, PASSED if is_good else FAILED, f"{key} is {value:g}.")


def _required_tags(version: ModelVersion, spec: dict, policy: StagePolicy) -> Result:
    there = set(version.tags.exclude(value="").values_list("key", flat=True))
    missing = [key for key in spec["tags"] if key not in there]
    reason = f"Missing: {', '.join(missing)}." if missing else "All are there."
    return Result("required tags", FAILED if missing else PASSED, reason)


def _description(version: ModelVersion, spec: dict, policy: StagePolicy) -> Result:
    if version.description.strip():
        return Result("description", PASSED, "The version has a description.")
    return Result("description", FAILED, "The version has no description.")


def _signature(version: ModelVersion, spec: dict, policy: StagePolicy) -> Result:
    if signatures.of(version):
        return Result("signature", PASSED, "The model says what it takes and gives.")
    return Result("signature", FAILED, "The model has no signature, or its MLmodel cannot be read.")


def _signature_compatible(version: ModelVersion, spec: dict, policy: StagePolicy) -> Result:
    name = "signature against the incumbent's"
    own = signatures.of(version)
    if own is None:
        return Result(name, FAILED, "The model has no signature, or its MLmodel cannot be read.")
    incumbents = evidence.incumbents(version, policy.kind, policy.target)
    other = signatures.of(incumbents[0]) if incumbents else None
    if other is None:
        return Result(name, PASSED, "There is no incumbent with a signature.")
    differing = signatures.differences(other, own)
    return Result(name, FAILED if differing else PASSED, " ".join(differing) or "Callers need to change nothing.")


def _run_finished(version: ModelVersion, spec: dict, policy: StagePolicy) -> Result:
    name, run = "source run", version.source_run
    if run is None:
        return Result(name, FAILED, "The version names no run.")
    if run.is_deleted:
        return Result(name, FAILED, "The run is in the trash.")
    if run.is_live:
        return Result(name, PENDING, "The run has not ended yet.")
    if run.status != Run.Status.FINISHED:
        return Result(name, FAILED, f"The run ended as {run.get_status_display().lower()}.")
    return Result(name, PASSED, "The run finished.")


def _artifacts(version: ModelVersion, spec: dict, policy: StagePolicy) -> Result:
    name, owner = "artifacts", place_of(version)[0]
    if owner is None:
        return Result(name, FAILED, "The files are kept outside of this server, which cannot vouch for them.")
    files = files_of(version)
    num_files, num_unhashed = files.count(), files.filter(blob__sha256=None).count()
    if not num_files:
        return Result(name, FAILED, "There is no file where the version was registered from.")
    if num_unhashed:
        return Result(name, PENDING, f"{num_unhashed} of {num_files} files are still being hashed.")
    # what the nightly reading of all stored files found stands for the files that are too large to be read here
    known = files.filter(blob__faults__isnull=False, blob__faults__healed_at=None).order_by("path").first()
    if known is not None:
        return Result(name, FAILED, f"{known.path} was found missing or damaged when stored files were read.")
    looked_at = list(files.select_related("blob").order_by("path")[:MAX_FILES_LOOKED_AT])
    is_read = sum(file.blob.size_bytes for file in looked_at) <= MAX_BYTES_READ
    lost = next((file.path for file in looked_at if not blobs.holds(file.blob, is_read=is_read)), "")
    if lost:
        return Result(name, FAILED, f"The bytes of {lost} are not those that were uploaded.")
    how = "their bytes have the checksums they came with" if is_read else "with their sizes; bytes are read at night"
    seen = "" if num_files == len(looked_at) else f", {len(looked_at)} of them looked at"
    return Result(name, PASSED, f"{num_files} files are there{seen}, {how}.")


def _external(version: ModelVersion, spec: dict, policy: StagePolicy) -> Result:
    posted = version.checks.filter(name=spec["name"]).select_related("posted_by").first()
    if posted is None:
        return Result(spec["name"], PENDING, "Nobody has reported it yet.")
    if posted.files_digest and posted.files_digest != evidence.manifest_of(version)["digest"]:
        return Result(spec["name"], PENDING, "What was reported is of other files than those of now.", posted.link)
    said = posted.summary or f"It was reported as {posted.state}."
    by = f" ({posted.posted_by.username})" if posted.posted_by else ""
    return Result(spec["name"], posted.state, f"{said}{by}", posted.link)


_BY_NAME: dict[str, Callable[[ModelVersion, dict, StagePolicy], Result]] = {
    "metric_vs_incumbent": _metric_vs_incumbent,
    "metric_threshold": _metric_threshold,
    "required_tags": _required_tags,
    "description": _description,
    "signature": _signature,
    "signature_compatible": _signature_compatible,
    "run_finished": _run_finished,
    "artifacts": _artifacts,
    "external": _external,
}

# What belongs to each check: name → (type, whether it must be there)
_SHAPES: dict[str, dict[str, tuple[str, bool]]] = {
    "metric_vs_incumbent": {"metric": ("text", True), "is_large_good": ("bool", True), "margin": ("positive", False)},
    "metric_threshold": {"metric": ("text", True), "is_large_good": ("bool", True), "value": ("number", True)},
    "required_tags": {"tags": ("texts", True)},
    "external": {"name": ("text", True)},
}


def validate(specs: list) -> list[dict]:
    """Return the checks of a policy as they are stored. Raises InvalidValue for what no check is."""
    if not isinstance(specs, list) or len(specs) > MAX_CHECKS:
        raise InvalidValue(f"Checks are a list of at most {MAX_CHECKS}.")
    return [_valid(spec) for spec in specs]


def _valid(spec) -> dict:
    name = spec.get("check") if isinstance(spec, dict) else None
    if not isinstance(name, str) or name not in _BY_NAME:
        raise InvalidValue(f"There is no such check; there are: {', '.join(_BY_NAME)}.")
    shape = _SHAPES.get(name, {})
    if unknown := spec.keys() - shape.keys() - {"check"}:
        raise InvalidValue(f"The check {name} has nothing named {', '.join(sorted(map(str, unknown)))[:200]}.")
    for key, (kind, is_needed) in shape.items():
        if key in spec:
            _check_type(name, key, spec[key], kind)
        elif is_needed:
            raise InvalidValue(f"The check {name} needs {key}.")
    return {"check": name, **{key: spec[key] for key in shape if key in spec}}


def _check_type(name: str, key: str, value, kind: str) -> None:
    is_number = isinstance(value, float | int) and not isinstance(value, bool) and abs(value) < 1e300
    is_right = {
        "text": isinstance(value, str) and 0 < len(value) <= MAX_NAME,
        "bool": isinstance(value, bool),
        "number": is_number,
        "positive": is_number and value >= 0,
        "texts": isinstance(value, list)
        and 0 < len(value) <= 50
        and all(isinstance(text, str) and text for text in value),
    }[kind]
    if not is_right:
        raise InvalidValue(f"The check {name}: {key} is not what it should be ({kind}).")
