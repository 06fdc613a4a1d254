from django.db import models

from core.fields import CodePointCharField
from tracker.models.experiment import Experiment


class IndexedKey(models.Model):
    """A metric or a param of an experiment whose values are indexed, by the name that its entries go by.

    The entries stand in two tables that Django does not manage, an entry a run: `tracker_indexedmetric` (key_id, value,
    start_time_ms, run_id) with the last value, and `tracker_indexedparam` with the text and, where it is written as one,
    its number. See tracker/run_index.py and migrations/0003_run_index.py.
    """

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="indexed_keys", db_index=False)
    entity = CodePointCharField(max_length=9, help_text="metric or parameter")
    key = CodePointCharField(max_length=250)
    is_cut = models.BooleanField(default=False, help_text="a value was too long to be indexed as a whole")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["experiment", "entity", "key"], name="indexed_key_once")]

    def __str__(self):
        return self.key
