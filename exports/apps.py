from django.apps import AppConfig


class ExportsConfig(AppConfig):
    name = "exports"

    def ready(self):
        from exports.models import Export
        from tracker.actions import artifact_sweep

        artifact_sweep.NAMED_ELSEWHERE.append(
            lambda keys: Export.objects.filter(key__in=keys).values_list("key", flat=True)
        )
