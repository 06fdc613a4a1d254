"""The format of a bundle: runs of one Assay in one zip, for another. exports/bundles.py writes it, imports/sources/bundle.py reads it.

    experiments.jsonl   runs.jsonl   models.jsonl       a line of JSON each, as imports/records.py has them
    runs/ID/points.jsonl                                [key, [[value, timestamp_ms, step], …]], a key in several lines
    runs/ID/artifacts/PATH   models/ID/artifacts/PATH   files
    manifest.json                                       last: format, version, where it is from, and of each file size and SHA-256

Nothing in it is compressed, so that no bundle is larger than it looks.
"""

import re
from typing import NamedTuple

FORMAT, VERSION = "assay-bundle", 1
MANIFEST, EXPERIMENTS, RUNS, MODELS = "manifest.json", "experiments.jsonl", "runs.jsonl", "models.jsonl"
TABLES = (EXPERIMENTS, RUNS, MODELS)
# of all files in a bundle: their names stand in memory
MAX_MEMBERS = 500_000
MAX_MANIFEST = 256 * 1024 * 1024
MAX_LINE = 32 * 1024 * 1024
POINTS_OF_A_LINE = 5_000
_MEMBER = re.compile(r"(?:runs/([0-9a-f]{32})|models/(m-[0-9a-f]{32}))/(?:(points\.jsonl)|artifacts/(.+))", re.DOTALL)


class Member(NamedTuple):
    """What a name in a bundle stands for: points of a run, or a file (`path`) of a run or a logged model."""

    owner_id: str
    path: str = ""


def points_of(run_id: str) -> str:
    return f"runs/{run_id}/points.jsonl"


def folder_of(owner_id: str) -> str:
    return f"{'models' if owner_id.startswith('m-') else 'runs'}/{owner_id}/artifacts/"


def member(name: str) -> Member | None:
    """Return what a name stands for, None for one that has no place in a bundle.

    >>> member("runs/0123456789abcdef0123456789abcdef/artifacts/plots/roc.png").path
    'plots/roc.png'
    >>> member("../evil") is None
    True
    """
    found = _MEMBER.fullmatch(name)
    if found is None or (found[2] and found[3]):
        return None
    return Member(found[1] or found[2], found[4] or "")
