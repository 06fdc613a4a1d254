from django.apps import AppConfig


class RegistryConfig(AppConfig):
    name = "registry"
    verbose_name = "Registry"

    def ready(self):
        from accounts.actions import groups
        from core import audit_pages, deliveries
        from core.actions import comments
        from core.notices import SUBJECTS, Subject
        from registry import addresses, happenings, notices, policies
        from registry import holds as own
        from tracker import holds
        from tracker.actions import purge

        for hooks, answer in (
            (holds.RUNS, own.trash_of_runs),
            (holds.LOGGED_MODELS, own.trash_of_logged_models),
            (holds.PURGED_LOGGED_MODELS, own.purge_of_logged_models),
            (holds.FILES, own.files),
            (holds.RELEASERS, own.release),
            (purge.KEEPERS, own.purge_of_runs),
            (comments.CREATED, happenings.comment_created),
            (groups.KEEPERS, policies.why_keep_group),
        ):
            if answer not in hooks:
                hooks.append(answer)
        deliveries.MAY_SEE["registeredmodel"] = happenings.may_see
        audit_pages.ADDRESSES |= addresses.BY_KIND
        SUBJECTS["registeredmodel"] = Subject(notices.visible_models)
        SUBJECTS["modelversion"] = Subject(notices.visible_versions)
