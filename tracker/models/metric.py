import math

from django.db import models

from core.fields import CodePointCharField
from tracker.models.run import Run


class Metric(models.Model):
    """One row per run and key: the rollup of its points, so that lists never read a history.

    The points themselves stand in the table `tracker_metricpoint` (metric_id, step, timestamp_ms, value, is_nan), whose
    primary key is all of its columns: a repeated point is the same row. Django does not manage it; see
    migrations/0002_metricpoint.py and ingest.py. NaN is stored as value 0 with is_nan, infinity as the largest double.
    """

    # the constraint's index serves what its own would
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="metrics", db_index=False)
    key = CodePointCharField(max_length=250)
    count = models.BigIntegerField(help_text="points, NaN included")
    num_nan = models.BigIntegerField()
    # MLflow's "latest": the largest step, then timestamp, then value
    last_step = models.BigIntegerField()
    last_timestamp_ms = models.BigIntegerField()
    last_value = models.FloatField()
    last_is_nan = models.BooleanField()
    first_step = models.BigIntegerField()
    first_timestamp_ms = models.BigIntegerField()
    first_value = models.FloatField()
    first_is_nan = models.BooleanField()
    # over the points that are numbers; null while there is none
    min_value = models.FloatField(null=True)
    min_step = models.BigIntegerField(null=True)
    max_value = models.FloatField(null=True)
    max_step = models.BigIntegerField(null=True)
    mean = models.FloatField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "key"], name="metric_key_once")]

    def __str__(self):
        return self.key

    @property
    def last(self) -> float:
        """The latest value, NaN as NaN."""
        return math.nan if self.last_is_nan else self.last_value

    @property
    def has_no_steps(self) -> bool:
        """It was logged more than once and always at the same step: steps say nothing about its course."""
        return self.count > 1 and self.first_step == self.last_step


class MetricLevel(models.Model):
    """A part of a long series thinned for charts (tracker/levels.py): what it covers, and the points that it keeps."""

    # no constraint: a purge takes points and levels away by itself, in bulk
    metric = models.ForeignKey(Metric, on_delete=models.DO_NOTHING, db_constraint=False, related_name="levels")
    number = models.IntegerField(help_text="its place among the parts of the series, from 0")
    num_points = models.BigIntegerField(help_text="points that it stands for")
    first_step = models.BigIntegerField()
    last_step = models.BigIntegerField()
    last_timestamp_ms = models.BigIntegerField()
    last_value = models.FloatField()
    last_is_nan = models.BooleanField()
    min_time_ms = models.BigIntegerField()
    max_time_ms = models.BigIntegerField()
    points = models.BinaryField(help_text="as tracker.points.COLUMNS, one after the other")

    CONTENT = (
        "num_points", "first_step", "last_step", "last_timestamp_ms", "last_value", "last_is_nan", "min_time_ms",
        "max_time_ms", "points",
    )  # fmt: skip

    class Meta:
        constraints = [models.UniqueConstraint(fields=["metric", "number"], name="level_part_once")]

    def __str__(self):
        return f"{self.metric_id}, part {self.number}"
