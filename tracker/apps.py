from django.apps import AppConfig


class TrackerConfig(AppConfig):
    name = "tracker"
    verbose_name = "Tracking"

    def ready(self):
        from core import deliveries
        from core.notices import SUBJECTS, Subject
        from tracker import happenings, hold_reasons, holds
        from tracker.models import Experiment, Run

        for hooks, answer in (
            (holds.PURGED_LOGGED_MODELS, hold_reasons.of_models),
            (holds.FILES, hold_reasons.of_files),
        ):
            if answer not in hooks:
                hooks.append(answer)
        deliveries.MAY_SEE["run"] = happenings.may_see_run
        deliveries.MAY_SEE["experiment"] = happenings.may_see_experiment
        SUBJECTS["experiment"] = Subject(lambda user: Experiment.objects.visible_to(user).filter(deleted_at=None))
        SUBJECTS["run"] = Subject(lambda user: Run.objects.visible_to(user))
