from django.conf import settings
from django.db import models
from django.db.models import Q

from core.fields import CodePointCharField, CodePointTextField
from tracker.models.experiment import Experiment


class RunViewQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Own ones and the team's, of experiments that `user` may see."""
        return self.filter(
            Q(is_shared=True) | Q(created_by=user), experiment__in=Experiment.objects.visible_to(user).order_by()
        )


class RunView(models.Model):
    """A look at an experiment's runs under a name: the filter, the order and the columns, as an address says them."""

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="run_views", db_index=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = CodePointCharField(max_length=60)
    query = CodePointTextField(blank=True)
    is_shared = models.BooleanField(default=False, help_text="whether the team sees it")

    objects = RunViewQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            # and the tabs above a table are read by it
            models.UniqueConstraint(fields=["experiment", "created_by", "name"], name="run_view_name_once")
        ]

    def __str__(self):
        return self.name
