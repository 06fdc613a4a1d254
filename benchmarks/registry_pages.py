"""Fill an empty database with registered models, and measure the registry in it; benchmarks/registry.py calls this.

1,000 models with 50 versions each, in all stages, with tags, aliases, history and runs; every third is private, and of those
every other one is shared with the group of the plain member who asks beside the admin. 100 prompts stand among them. It
writes where ASSAY_HOME and DATABASE_URL point, which must hold no models. Rows are as in benchmarks/at_size.py.
"""

import argparse
import time
from datetime import UTC, datetime

from at_size import Measure, Portal, print_row
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connection, transaction

from accounts.access import Level
from accounts.models import User
from core.models import Comment
from registry import search
from registry.models import (
    Alias,
    ModelGrant,
    ModelVersion,
    ModelVersionTag,
    RegisteredModel,
    RegisteredModelTag,
    StageEvent,
    TransitionRequest,
)
from registry.names import IS_PROMPT
from tracker.actions import batches
from tracker.actions.batches import Measurement
from tracker.actions.runs import create as create_run
from tracker.models import Experiment

NUM_PROMPTS, NUM_RUNS = 100, 50
GOAL_MS = 100
START_MS = 1_700_000_000_000
BATCH = 2_000
NOT_A_PROMPT = f"tag.`{IS_PROMPT}` != 'true'"
Stage = ModelVersion.Stage


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--models", type=int, default=1_000)
    parser.add_argument("--versions", type=int, default=50, help="of each model")
    parser.add_argument("--times", type=int, default=5, help="calls after the first")
    parser.add_argument("--only", default="", help="rows whose name holds this text")
    parser.add_argument("--sql", action="store_true", help="print the slowest statement of each row")
    options = parser.parse_args()
    call_command("migrate", verbosity=0)
    if not RegisteredModel.objects.exists():
        started = time.monotonic()
        build(options.models, options.versions)
        print(f"{ModelVersion.objects.count():,} versions made in {time.monotonic() - started:.0f} s\n", flush=True)
    print("| request | first, ms | then, ms | cpu, ms | goal, ms | queries |  |\n|---|---:|---:|---:|---:|---:|---|")
    for who in ("bench", "member"):
        portal = Portal(who)
        portal.page("/models")()  # code and templates are loaded by now
        for row in measures(portal, who):
            if options.only in row.name:
                print_row(row, options)


# What is measured ---------------------------------------------------------------------------------------------


def measures(portal: Portal, who: str) -> list[Measure]:
    def row(name, ask, goal=GOAL_MS):
        return Measure(f"{who}: {name}", ask, goal, goal)

    return [row(*parts) for parts in (*calls(portal), *pages(portal))]


def calls(portal: Portal) -> list[tuple]:
    model, get = "team-04 model-0004", portal.get

    def models(**query):
        return get("registered-models/search", max_results=100, **query)

    def versions(**query):
        return get("model-versions/search", **{"max_results": 100, **query})

    run_id = ModelVersion.objects.values_list("run_id", flat=True)[0]
    deep = _token_behind(portal.user, 400)
    return [
        ("registered-models/get", get("registered-models/get", name=model)),
        ("get-latest-versions", get("registered-models/get-latest-versions", name=model, stages=["Production"])),
        ("alias", get("registered-models/alias", name=model, alias="champion")),
        ("get-download-uri", get("model-versions/get-download-uri", name=model, version="48")),
        ("search models, as the client does", models(filter=NOT_A_PROMPT)),
        ("search models, page 5", models(filter=NOT_A_PROMPT, page_token=deep)),
        ("search models by name", models(filter=f"name ILIKE '%MODEL-04%' AND {NOT_A_PROMPT}")),
        ("search models by a tag", models(filter=f"tags.team = '4' AND {NOT_A_PROMPT}")),
        ("search models by a tag that none has", models(filter=f"tags.team = 'x' AND {NOT_A_PROMPT}")),
        ("search models by time", models(filter=NOT_A_PROMPT, order_by=["timestamp DESC"])),
        ("search prompts", models(filter=f"tags.`{IS_PROMPT}` = 'true'")),
        ("search versions of a model", versions(filter=f"name = '{model}'")),
        ("search versions of a run", versions(filter=f"run_id = '{run_id}'")),
        ("search versions by a tag", versions(filter="tags.checked = 'yes'")),
        ("search versions, newest first", versions(order_by=["creation_timestamp DESC"])),
        ("search versions, default order", versions()),
    ]  # fmt: skip


def _token_behind(user, number: int) -> str:
    return search.models(user=user, query=search.Query(NOT_A_PROMPT), limit=number).next


def pages(portal: Portal) -> list[tuple]:
    page, model = portal.page, "/models/team-04%20model-0004"
    return [
        ("models", page("/models")),
        ("models, a word", page("/models", q="model-04")),
        ("models, a tag", page("/models", q="team=4")),
        ("models, by name", page("/models", sort="name")),
        ("models, in review", page("/models", only="review")),
        ("models, mine", page("/models", only="mine")),
        ("a model", page(model)),
        ("its history", page(f"{model}/history")),
        ("its version in production", page(f"{model}/versions/48")),
        ("a challenger of it", page(f"{model}/versions/50")),
        ("reviews", page("/reviews", tab="all")),
        ("search", page("/search", q="model-04")),
    ]


# The fixture --------------------------------------------------------------------------------------------------


@transaction.atomic
def build(num_models: int, num_versions: int) -> None:
    bench, _ = User.objects.get_or_create(username="bench", defaults={"is_superuser": True, "is_staff": True})
    member, _ = User.objects.get_or_create(username="member")
    team, _ = Group.objects.get_or_create(name="team")
    member.groups.add(team)
    runs = make_runs(bench)
    models = _made(
        RegisteredModel(
            name=f"team-{n % 20:02d} model-{n:04d}",
            description=f"# Finds seams\nThe {n}th of its kind.",
            is_private=n % 3 == 0,
            created_by=bench,
            creation_time_ms=START_MS + n,
            last_updated_time_ms=START_MS + n * 1_000,
            last_version=num_versions,
        )
        for n in range(num_models)
    )
    prompts = _made(
        RegisteredModel(
            name=f"prompt-{n:03d}", created_by=bench, creation_time_ms=START_MS, last_updated_time_ms=START_MS
        )
        for n in range(NUM_PROMPTS)
    )
    _made(RegisteredModelTag(model=model, key=IS_PROMPT, value="true") for model in prompts)
    _made(
        RegisteredModelTag(model=model, key=key, value=str(n % 20))
        for n, model in enumerate(models)
        for key in ("team", "cost-centre")
    )
    _made(ModelGrant(model=model, user=bench, level=Level.MANAGE) for model in models)
    _made(ModelGrant(model=model, group=team, level=Level.EDIT) for model in models[::6])
    versions = _made(
        _version(model, number, num_versions, runs[(n * num_versions + number) % len(runs)], bench)
        for n, model in enumerate(models)
        for number in range(1, num_versions + 1)
    )
    _made(ModelVersionTag(version=version, key="checked", value="yes") for version in versions[::3])
    _made(
        Alias(model=version.model, name="champion", version=version)
        for version in versions
        if version.stage == Stage.PRODUCTION
    )
    _made(event for version in versions for event in _events(version, bench))
    make_requests(versions, bench, num_versions)


def _version(model: RegisteredModel, number: int, last: int, run, by) -> ModelVersion:
    """Return a version: the last is new, the one before in Staging, then one in Production, the others served before."""
    stages = {last: Stage.NONE, last - 1: Stage.STAGING, last - 2: Stage.PRODUCTION}
    at = START_MS + model.pk * 1_000 + number
    return ModelVersion(
        model=model,
        version=number,
        source=f"{run.artifact_uri}/model",
        storage_location=f"{run.artifact_uri}/model",
        run_id=run.run_id,
        source_run=run,
        stage=stages.get(number, Stage.ARCHIVED),
        created_by=by,
        creation_time_ms=at,
        last_updated_time_ms=at,
    )


def _events(version: ModelVersion, by) -> list[StageEvent]:
    """Return how a version came where it is."""
    way = {
        Stage.NONE: [],
        Stage.STAGING: [Stage.STAGING],
        Stage.PRODUCTION: [Stage.STAGING, Stage.PRODUCTION],
        Stage.ARCHIVED: [Stage.STAGING, Stage.PRODUCTION, Stage.ARCHIVED],
    }[version.stage]
    return [
        StageEvent(model=version.model, version=version, kind="stage", from_stage=before, to_stage=after,
                   actor_id=by.pk, actor=by.username, at=datetime.now(UTC))
        for before, after in zip([Stage.NONE, *way], way, strict=False)
    ]  # fmt: skip


def make_runs(by) -> list:
    experiment = Experiment.objects.get(pk=0)
    runs = []
    for n in range(NUM_RUNS):
        run = create_run(experiment, name=f"r{n}", start_time_ms=START_MS + n, claimed_user="bench", by=by)
        batches.log_metric(run, Measurement("f1", n / NUM_RUNS, timestamp_ms=1), by=by)
        batches.log_metric(run, Measurement("loss", 1 - n / NUM_RUNS, timestamp_ms=1), by=by)
        runs.append(run)
    return runs


def make_requests(versions: list[ModelVersion], by, last: int) -> None:
    """Ask for Production of every tenth newest version, and say something about it."""
    newest = [version for version in versions if version.version == last][::10]
    _made(
        TransitionRequest(version=version, kind="stage", target="Production", requested_by=by, evidence={},
                          evidence_digest="0" * 64)
        for version in newest
    )  # fmt: skip
    _made(Comment(kind="modelversion", object_id=version.pk, author=by, text="Looks **good**.") for version in newest)


def _made(rows) -> list:
    rows = list(rows)
    return type(rows[0]).objects.bulk_create(rows, batch_size=BATCH) if rows else []


if __name__ == "__main__":
    main()
    connection.close()
