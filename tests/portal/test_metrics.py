"""/metrics: for who has the token, about the whole site, in Prometheus' format."""

import re

import pytest
from django.db import transaction

from core.actions import jobs
from core.models import Job
from tests.factories import make_experiment

LINE = re.compile(r'(# (HELP|TYPE) assay_\w+ .+|assay_\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? -?[\d.e+-]+)')


@pytest.fixture
def scrape(client, settings):
    """scrape(token): the answer for who sends it."""
    settings.ASSAY_METRICS_TOKEN = "a long one"
    return lambda token="a long one": client.get("/metrics", headers={"Authorization": f"Bearer {token}"})


def values(answer) -> dict[str, float]:
    lines = [line for line in answer.content.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


@pytest.mark.parametrize("token", ["", "a long", "a long one more"])
def test_nobody_reads_it_without_the_token(scrape, db, token):
    assert scrape(token).status_code == 404


def test_there_is_none_where_no_token_is_set(client, settings, db):
    settings.ASSAY_METRICS_TOKEN = ""

    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


def test_it_is_in_the_format(scrape, admin, django_assert_max_num_queries):
    with django_assert_max_num_queries(12):
        answer = scrape()

    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    text = answer.content.decode()
    assert text.endswith("\n")
    assert [line for line in text.splitlines() if not LINE.fullmatch(line)] == []


def test_it_counts_what_there_is(scrape, admin):
    before = values(scrape())
    make_experiment(by=admin)
    with transaction.atomic():
        job = jobs.request("core.nothing", {}, by=None)

    after = values(scrape())

    assert after["assay_experiments"] == before["assay_experiments"] + 1
    assert after['assay_jobs{state="queued"}'] == before['assay_jobs{state="queued"}'] + 1
    assert after["assay_active_users"] == 1
    Job.objects.filter(pk=job.pk).update(state=Job.State.FAILED)
    assert values(scrape())['assay_jobs{state="failed"}'] == 1
