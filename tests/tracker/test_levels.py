"""Levels of long series: a chart reads a thirtieth of the points, and sees the same extremes."""

import numpy as np
import pytest
from django.core.management import call_command
from django.db import transaction

from core.models import Job
from tests.factories import make_run
from tracker import ingest, levels, series
from tracker.actions import purge, runs
from tracker.models import Metric, MetricLevel
from tracker.series import Window

pytestmark = pytest.mark.django_db

CHUNK = levels.CHUNK


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    """Levels from 512 points on, in blocks of 128 and parts of 256."""
    for name, size in {"BLOCK": 128, "PART": 256, "MARGIN": 128, "MIN_POINTS": 512}.items():
        monkeypatch.setattr(levels, name, size)
    levels._asked.clear()


@pytest.fixture
def run(admin):
    return make_run(by=admin)


def write(run, values, *, first_step=0):
    points = [
        ("loss", ingest.point(value, timestamp_ms=run.start_time_ms + 100 * step, step=step))
        for step, value in enumerate(values, start=first_step)
    ]
    with transaction.atomic():
        ingest.write(run.pk, points)
    return Metric.objects.get(run=run, key="loss")


def read(run, **window):
    (found,) = series.read(series.sources(type(run).objects.filter(pk=run.pk), ["loss"]), Window(**window))
    return found


def wavy(number=2_000):
    values = np.sin(np.arange(number) / 50.0)
    values[433] = 40.0
    return values.tolist()


def test_the_only_spike_of_a_long_series_is_in_its_levels(run):
    metric = write(run, wavy())

    levels.build(metric.pk)
    found = read(run, max_points=50)

    assert found.y.max() == 40.0
    assert found.x[found.y.argmax()] == 433
    assert (found.x[-1], found.total, found.is_complete) == (1999, 2000, False)
    assert len(found.x) <= 50


def test_a_chart_with_levels_reads_few_points(run, monkeypatch):
    metric = write(run, wavy())
    levels.build(metric.pk)
    num_read = []
    fetch = series.points_of.fetch
    monkeypatch.setattr(series.points_of, "fetch", lambda sql: num_read.append(len(rows := fetch(sql))) or rows)

    read(run, max_points=50)

    assert sum(num_read) <= levels.BLOCK + levels.MARGIN


def test_levels_grow_by_what_came(run):
    metric = write(run, wavy(700))
    levels.build(metric.pk)
    before = levels.of([metric.pk])[metric.pk].covers
    write(run, [1.0] * 600, first_step=700)

    levels.build(metric.pk)

    after = levels.of([metric.pk])[metric.pk]
    assert (before, after.covers) == (512, 1152)
    assert [part.num_points for part in after.parts] == [256, 256, 256, 256, 128]


def test_a_late_point_is_seen_at_once_and_levels_are_built_anew(run):
    metric = write(run, wavy())
    levels.build(metric.pk)
    write(run, [-60.0], first_step=-5)

    assert read(run, max_points=50).y.min() == -60.0
    levels.build(metric.pk)

    assert levels.of([metric.pk])[metric.pk].parts[0].first_step == -5
    assert read(run, max_points=50).y.min() == -60.0


def test_a_zoom_that_is_finer_than_levels_reads_points(run):
    metric = write(run, wavy())
    levels.build(metric.pk)

    found = read(run, start=700, end=760, max_points=200)

    assert found.x.tolist() == list(range(699, 762))
    assert found.is_complete


@pytest.mark.parametrize(("x", "scale"), [("step", 1), ("relative", 0.1)])
def test_a_wide_zoom_is_drawn_from_levels(run, x, scale):
    metric = write(run, wavy(4_000))
    levels.build(metric.pk)

    found = read(run, x=x, start=400 * scale, end=3_000 * scale, max_points=20)

    assert found.y.max() == 40.0
    assert not found.is_complete
    assert found.x[0] <= 400 * scale
    assert found.x[-1] >= 3_000 * scale


@pytest.mark.parametrize(("start_s", "end_s"), [(70, 76), (25.55, 25.65), (0, 5), (190, 199)])
def test_a_fine_zoom_by_time_reads_the_points_of_its_parts(run, start_s, end_s, monkeypatch):
    metric = write(run, wavy())
    before = read(run, x="relative", start=start_s, end=end_s, max_points=200)
    levels.build(metric.pk)
    fetch, num_read = levels.points.fetch, []
    monkeypatch.setattr(levels.points, "fetch", lambda sql: num_read.append(len(rows := fetch(sql))) or rows)

    found = read(run, x="relative", start=start_s, end=end_s, max_points=200)

    assert found.x.tolist() == before.x.tolist()
    assert found.is_complete
    # the tail behind the levels, and at most two parts
    assert sum(num_read) <= 3 * (levels.BLOCK + levels.MARGIN) + 2 * levels.PART


def test_points_of_a_clock_that_was_set_back_are_in_the_zoom(run):
    metric = write(run, wavy())
    levels.build(metric.pk)
    with transaction.atomic():
        ingest.write(run.pk, [("loss", ingest.point(7.0, timestamp_ms=run.start_time_ms + 40_050, step=3_000))])

    found = read(run, x="relative", start=39, end=41, max_points=200)

    assert 7.0 in found.y.tolist()


def test_gaps_stay_in_levels(run):
    values = wavy()
    values[300:364] = [float("nan")] * 64
    metric = write(run, values)

    levels.build(metric.pk)

    assert [mark for _, mark in read(run, max_points=50).marks] == ["NaN"] * len(read(run, max_points=50).marks)
    assert any(300 <= x < 364 for x, _ in read(run, max_points=50).marks)


def test_a_chunk_keeps_its_extremes_and_its_first_gap():
    block = np.zeros(CHUNK + 3, dtype=levels.points.COLUMNS)
    block["step"] = np.arange(len(block))
    block["value"] = block["step"]
    block["is_nan"][[7, 9]] = True

    kept = levels.thin(block)

    assert kept["step"].tolist() == [0, 7, CHUNK - 1, CHUNK, CHUNK + 2]


def test_a_series_that_grows_long_asks_for_its_levels_once_in_a_while(run):
    write(run, wavy(600))
    write(run, wavy(450), first_step=600)
    write(run, wavy(450), first_step=1_050)

    (job,) = Job.objects.filter(kind=levels.JOB)
    assert job.arguments == {"metric_id": Metric.objects.get(run=run).pk}


def test_a_short_series_has_none(run):
    metric = write(run, wavy(511))

    assert levels.build(metric.pk) == 0
    assert not MetricLevel.objects.exists()


def test_a_series_that_is_gone_is_no_failure():
    assert levels.build(2**40) == 0


def test_the_command_builds_all_of_them(run, capsys):
    write(run, wavy())

    call_command("build_levels")

    assert capsys.readouterr().out == "1 series, 7 parts\n"


def test_a_purge_takes_levels_along(run, admin):
    levels.build(write(run, wavy()).pk)
    runs.delete(run, by=admin)

    purge.runs([run.run_id], by=admin)

    assert not MetricLevel.objects.exists()
