"""Take every migration of ours back and forth on a filled database: `python benchmarks/migrations.py [--runs 10000]`.

It fills the database that ASSAY_HOME and DATABASE_URL name, which must be empty, with benchmarks/generate.py; then, from
the newest migration to the oldest, goes back by one and forward again. Prints a line a migration: seconds both ways, and
tables whose rows are not what they were. A table that a migration made is empty when it is made again; the first
migrations of the apps, which made everything, stay. Exit code 1 where a way back is missing or other rows were lost.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

import django

django.setup()

from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations.exceptions import IrreversibleError
from django.db.migrations.loader import MigrationLoader

OURS = ("core", "accounts", "tracker", "registry", "imports", "exports")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--newest", type=int, help="only so many")
    options = parser.parse_args()
    sizes = ["--experiments", "50", "--metrics", "5", "--params", "3", "--points", "100", "--series", "1"]
    generate = [sys.executable, str(ROOT / "benchmarks" / "generate.py"), "--runs", str(options.runs), *sizes]
    subprocess.run(generate, check=True, stdout=subprocess.DEVNULL)
    print("| migration | back, s | forward, s | rows lost in |\n|---|---:|---:|---|")
    went_well = [back_and_forth(*migration) for migration in newest_first()[: options.newest]]
    sys.exit(not all(went_well))


def newest_first() -> list[tuple[str, str, str]]:
    """Return (app, migration, the one before it), those that others stand on last."""
    loader = MigrationLoader(connection)
    order = {}
    for leaf in loader.graph.leaf_nodes():
        for node in loader.graph.forwards_plan(leaf):
            order.setdefault(node, len(order))
    ours = [node for node in sorted(order, key=order.get, reverse=True) if node[0] in OURS]
    before = {node: parent for node in ours for parent in loader.graph.node_map[node].parents if parent[0] == node[0]}
    return [(app, name, before[app, name][1]) for app, name in ours if (app, name) in before]


def back_and_forth(app: str, name: str, previous: str) -> bool:
    counts = rows()
    start = time.monotonic()
    try:
        call_command("migrate", app, previous, verbosity=0)
    except IrreversibleError as error:
        print(f"| {app}.{name} | no way back: {error} | | |", flush=True)
        call_command("migrate", verbosity=0)
        return False
    back_s, there = time.monotonic() - start, set(connection.introspection.table_names())
    start = time.monotonic()
    call_command("migrate", verbosity=0)
    forward_s, after = time.monotonic() - start, rows()
    made = counts.keys() - there
    lost = sorted(table for table in counts if table not in made and after.get(table) != counts[table])
    print(f"| {app}.{name} | {back_s:.1f} | {forward_s:.1f} | {', '.join(lost)} |", flush=True)
    return not lost


def rows() -> dict[str, int]:
    ours = {model._meta.db_table for app in OURS for model in apps.get_app_config(app).get_models()}
    with connection.cursor() as cursor:
        there = set(connection.introspection.table_names(cursor))
        found = {}
        for table in sorted({*ours, "tracker_metricpoint"} & there):
            cursor.execute(f"SELECT count(*) FROM {table}")
            found[table] = cursor.fetchone()[0]
        return found


if __name__ == "__main__":
    main()
