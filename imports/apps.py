from django.apps import AppConfig


class ImportsConfig(AppConfig):
    name = "imports"

    def ready(self):
        from imports.actions import bundles
        from tracker.actions import artifact_sweep

        artifact_sweep.NAMED_ELSEWHERE.append(bundles.pending_among)
