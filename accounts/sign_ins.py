"""Sign-ins, sign-outs, failed ones and changes of second factors, written to the audit log with the address they came from."""

from allauth.mfa import signals as second_factor_signals
from axes.handlers.proxy import AxesProxyHandler
from axes.signals import user_locked_out
from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver

from accounts.addresses import client_address
from accounts.models import User
from core.actions import audit


@receiver(user_logged_in)
def record_sign_in(request, user, **kwargs):
    audit.record("user.sign_in", user, by=user, address=client_address(request))


@receiver(user_logged_out)
def record_sign_out(request, user, **kwargs):
    if user is not None:
        audit.record("user.sign_out", user, by=user, address=client_address(request))


@receiver(user_login_failed)
def record_failure(credentials, request=None, **kwargs):
    """A name that nobody has is not written down: it may be a password in the wrong field."""
    # a lock is one event, and what runs against it none
    if request is None or AxesProxyHandler.is_locked(request, credentials):
        return
    user = User.objects.filter(username=credentials.get("username") or "").first()
    _record_of(user, "user.sign_in_failed", request)


@receiver(user_locked_out)
def record_lock(request, username, **kwargs):
    # the signal comes again with each attempt against the lock; the count only with the one that closed it
    if getattr(request, "axes_failures_since_start", None) != settings.AXES_FAILURE_LIMIT:
        return
    _record_of(User.objects.filter(username=username).first(), "user.locked_out", request)


@receiver(second_factor_signals.authenticator_added)
def record_added_factor(request, user, authenticator, **kwargs):
    _record_factor("user.add_second_factor", request, user, authenticator)


@receiver(second_factor_signals.authenticator_removed)
def record_removed_factor(request, user, authenticator, **kwargs):
    _record_factor("user.remove_second_factor", request, user, authenticator)


@receiver(second_factor_signals.authenticator_reset)
def record_new_codes(request, user, authenticator, **kwargs):
    _record_factor("user.new_recovery_codes", request, user, authenticator)


@receiver(second_factor_signals.authentication_failed)
def record_wrong_code(request, user, **kwargs):
    audit.record("user.second_factor_failed", user, by=None, address=client_address(request))


def _record_factor(action: str, request, user: User, authenticator) -> None:
    audit.record(action, user, by=user, address=client_address(request), type=authenticator.type)


def _record_of(user: User | None, action: str, request) -> None:
    subject = user or User(pk=0)
    audit.record(action, subject, by=None, text=subject.username or "an unknown name", address=client_address(request))
