"""What one page asks more than once is read once: `remembered` functions keep their answers within `once_each`.

Only pages that change nothing are wrapped so. An action runs outside of it and sees things as they are at that moment.
"""

from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps

from django.db.models import Model

_answers: ContextVar[dict | None] = ContextVar("answers", default=None)


def once_each(view: Callable) -> Callable:
    """Have a view that only reads ask each remembered question once."""

    @wraps(view)
    def reading(*args, **kwargs):
        token = _answers.set({})
        try:
            return view(*args, **kwargs)
        finally:
            _answers.reset(token)

    return reading


def remembered(function: Callable) -> Callable:
    """Have a function, whose arguments are rows and plain values, answer once within `once_each`; the answer is shared."""

    @wraps(function)
    def asked(*args):
        answers = _answers.get()
        if answers is None:
            return function(*args)
        key = (function, *map(_identity, args))
        if key not in answers:
            answers[key] = function(*args)
        return answers[key]

    return asked


def _identity(value):
    # by its label, since the user of a request is wrapped in another type
    return (value._meta.label, value.pk) if isinstance(value, Model) else value
