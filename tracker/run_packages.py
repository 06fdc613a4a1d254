"""The packages of a run's environment, and which files name them."""

from typing import NamedTuple

from tracker.models import Environment, Run


class Package(NamedTuple):
    """A package in one version, and what named it: folders of the run and models that came of it."""

    name: str
    version: str
    environments: list[Environment]


def environments(run: Run) -> list[Environment]:
    """Return those of the run's own folders and of its models, in the order in which they came, in one query."""
    return list(Environment.objects.of_run(run).select_related("model").order_by("pk"))


def packages(found: list[Environment], find: str = "") -> list[Package]:
    """Return the packages whose name holds `find`, case aside, by name; two versions of one are two."""
    named: dict[tuple[str, str], list[Environment]] = {}
    for environment in found:
        for name, version in environment.packages:
            if find.lower() in name.lower():
                named.setdefault((name, version), []).append(environment)
    ordered = sorted(named.items(), key=lambda item: (item[0][0].lower(), item[0][1]))
    return [Package(name, version, where) for (name, version), where in ordered]
