"""What can go wrong in the domain. Doors translate: api/errors.py to MLflow's shape, pages to a page."""


class DomainError(Exception):
    """An error whose message is written for the person who caused it."""

    # whether what was written before it was raised is to stay
    keeps_changes = False

    def __init__(self, message: str):
        super().__init__(message)
        self.message = message


class NotFound(DomainError):
    """It does not exist, or this user may not know that it does."""


class Conflict(DomainError):
    """It exists already."""


class InvalidValue(DomainError):
    """A value is outside of what is allowed."""


class InvalidFilter(InvalidValue):
    """A filter or an ordering cannot be understood; `position` counts characters from 0, None if unknown."""

    def __init__(self, message: str, position: int | None = None):
        super().__init__(message)
        self.position = position


class NotAllowed(DomainError):
    """This user may see it, but may not do that to it."""


class Unavailable(DomainError):
    """Busy, locked or full: the same request may succeed later."""

    def __init__(self, message: str, retry_after_s: int = 2):
        super().__init__(message)
        self.retry_after_s = retry_after_s
