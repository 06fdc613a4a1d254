from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "People"

    def ready(self):
        from accounts import expiring_tokens, sign_ins  # noqa: F401  (sign_ins connects its receivers)
        from core.notices import SUBJECTS, Subject

        SUBJECTS[expiring_tokens.KIND] = Subject(expiring_tokens.visible_to, expiring_tokens.address)
