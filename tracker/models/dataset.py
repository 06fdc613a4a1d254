from django.db import models
from django.urls import reverse

from core.fields import CodePointCharField, CodePointTextField
from tracker.models.experiment import Experiment
from tracker.models.run import Run


class Dataset(models.Model):
    """Data that runs of one experiment used, known by name and digest."""

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="datasets")
    name = CodePointCharField(max_length=500)
    digest = CodePointCharField(max_length=36)
    source_type = CodePointCharField(max_length=36, blank=True)
    source = CodePointTextField(blank=True)
    schema = CodePointTextField(blank=True)
    profile = CodePointTextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["experiment", "name", "digest"], name="dataset_once")]

    def __str__(self):
        return f"{self.name} ({self.digest})"

    def get_absolute_url(self):
        return reverse("dataset-detail", args=[self.experiment_id, self.pk])


class DatasetInput(models.Model):
    """The edge from a dataset to a run that used it; the first link of a pair stays."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="dataset_inputs")
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="inputs")
    context = CodePointCharField(max_length=500, blank=True, help_text="tag mlflow.data.context, for search")
    tags = models.JSONField(default=list, help_text="[[key, value], …] as logged")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "dataset"], name="dataset_input_once")]

    def __str__(self):
        return f"{self.dataset_id} → {self.run_id}"
