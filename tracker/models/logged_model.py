from django.conf import settings
from django.db import models
from django.db.models.functions import RowNumber
from django.urls import reverse

from core.fields import CodePointCharField, CodePointTextField
from tracker.models.experiment import Experiment
from tracker.models.run import Run


class LoggedModelQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(experiment__in=Experiment.objects.visible_to(user))

    def loggable_by(self, user):
        """Models that `user` may write to: those of runs that may be written to, own ones without a run, and all where Edit is held."""
        if user.is_superuser and user.is_active:
            return self
        return self.filter(
            models.Q(source_run__in=Run.objects.loggable_by(user))
            | models.Q(created_by=user, experiment__in=Experiment.objects.loggable_by(user))
            | models.Q(experiment__in=Experiment.objects.editable_by(user))
        )

    def editable_by(self, user):
        return self.filter(experiment__in=Experiment.objects.editable_by(user))

    def active(self):
        return self.filter(deleted_at=None)


class LoggedModel(models.Model):
    """A model as MLflow 3 logs it: files under its own root, with params, tags and metrics of its own."""

    class Status(models.TextChoices):
        PENDING = "LOGGED_MODEL_PENDING", "Pending"
        READY = "LOGGED_MODEL_READY", "Ready"
        UPLOAD_FAILED = "LOGGED_MODEL_UPLOAD_FAILED", "Upload failed"

    model_id = CodePointCharField(max_length=34, unique=True, help_text="m- and 32 hex digits")
    experiment = models.ForeignKey(Experiment, on_delete=models.PROTECT, related_name="logged_models")
    name = CodePointCharField(max_length=500)
    model_type = CodePointCharField(max_length=500, blank=True)
    source_run = models.ForeignKey(Run, null=True, on_delete=models.SET_NULL, related_name="logged_models")
    status = CodePointCharField(max_length=26, choices=Status.choices, default=Status.PENDING)
    status_message = models.TextField(blank=True)
    artifact_uri = models.CharField(max_length=2048)
    creation_time_ms = models.BigIntegerField()
    last_updated_time_ms = models.BigIntegerField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    token_id = models.BigIntegerField(null=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = LoggedModelQuerySet.as_manager()

    class Meta:
        indexes = [
            # the client's default order
            models.Index(fields=["experiment", "-creation_time_ms", "model_id"], name="model_by_experiment_creation"),
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("logged-model-detail", args=[self.model_id])

    @property
    def is_deleted(self) -> bool:
        return self.deleted_at is not None


class LoggedModelParam(models.Model):
    """A parameter of a logged model."""

    model = models.ForeignKey(LoggedModel, on_delete=models.CASCADE, related_name="params")
    key = CodePointCharField(max_length=250)
    value = CodePointTextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "key"], name="model_param_key_once")]

    def __str__(self):
        return f"{self.key}={self.value}"


class LoggedModelTag(models.Model):
    """A key and its value on a logged model."""

    model = models.ForeignKey(LoggedModel, on_delete=models.CASCADE, related_name="tags")
    key = CodePointTextField()
    value = CodePointTextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "key"], name="model_tag_key_once")]

    def __str__(self):
        return f"{self.key}={self.value}"


class LoggedModelMetricQuerySet(models.QuerySet):
    def latest_of_each(self):
        """The latest point of each model, key and dataset by MLflow's rule, in the order of model and key."""
        latest = models.Window(
            RowNumber(),
            partition_by=["model", "key", "dataset_name", "dataset_digest"],
            order_by=["-step", "-timestamp_ms", "-value", "-pk"],
        )
        return self.annotate(rank=latest).filter(rank=1).order_by("model", "key", "dataset_name", "dataset_digest")


class LoggedModelMetric(models.Model):
    """A metric point of a logged model; the same point may also stand in the history of a run's metric."""

    model = models.ForeignKey(LoggedModel, on_delete=models.CASCADE, related_name="metrics")
    run = models.ForeignKey(Run, null=True, on_delete=models.SET_NULL, related_name="+")
    key = CodePointCharField(max_length=250)
    value = models.FloatField()
    is_nan = models.BooleanField(default=False)
    timestamp_ms = models.BigIntegerField()
    step = models.BigIntegerField()
    dataset_name = CodePointCharField(max_length=500, blank=True)
    dataset_digest = CodePointCharField(max_length=36, blank=True)

    objects = LoggedModelMetricQuerySet.as_manager()

    class Meta:
        constraints = [
            # a repeated point is the same row; run is part of it, because two runs may evaluate one model
            models.UniqueConstraint(
                fields=[
                    "model",
                    "key",
                    "run",
                    "step",
                    "timestamp_ms",
                    "value",
                    "is_nan",
                    "dataset_name",
                    "dataset_digest",
                ],
                name="model_metric_once",
            )
        ]

    def __str__(self):
        return self.key


class ModelInput(models.Model):
    """The edge from a logged model to a run that used it."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="model_inputs")
    model_id = CodePointCharField(max_length=256, help_text="as the client sent it; it need not exist")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "model_id"], name="model_input_once")]

    def __str__(self):
        return f"{self.model_id} → {self.run_id}"


class ModelOutput(models.Model):
    """The edge from a run to a logged model that came of it, at a step."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="model_outputs")
    model_id = CodePointCharField(max_length=256, help_text="as the client sent it; it need not exist")
    step = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "model_id"], name="model_output_once")]

    def __str__(self):
        return f"{self.run_id} → {self.model_id}"
