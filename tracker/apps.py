from django.apps import AppConfig


class TrackerConfig(AppConfig):
    name = "tracker"
    verbose_name = "Tracking"

    def ready(self):
        from core import deliveries
        from core.notices import SUBJECTS, Subject
        from tracker import happenings
        from tracker.models import Run

        deliveries.MAY_SEE["run"] = happenings.may_see_run
        deliveries.MAY_SEE["experiment"] = happenings.may_see_experiment
        SUBJECTS["run"] = Subject(lambda user: Run.objects.visible_to(user))
