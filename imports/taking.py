"""What all parts of one import share: the source, the report, how it was asked for, and whose things become."""

from collections.abc import Callable
from dataclasses import dataclass, field

from accounts.models import User
from imports.options import Options
from imports.records import Source
from imports.report import Report
from tracker.validation import MAX_TIME_MS

# told how far it is, 0 to 1, and what it is doing; may raise to stop
Tell = Callable[[float, str], None]


@dataclass
class Taking:
    """One import under way."""

    source: Source
    report: Report
    options: Options
    owner: User
    tell: Tell = lambda fraction, doing: None
    # {experiment's id in the source: our key}
    experiments: dict[str, int] = field(default_factory=dict)
    _users: dict[str, User | None] = field(default_factory=dict)

    @property
    def is_dry_run(self) -> bool:
        return self.options.is_dry_run

    def owner_of(self, username: str) -> User:
        """Return whose something becomes: the account of this name where that was asked for, else the owner of all."""
        if not (self.options.matches_users and username):
            return self.owner
        if username not in self._users:
            self._users[username] = User.objects.filter(username=username, is_active=True).first()
        return self._users[username] or self.owner

    def time(self, time_ms: int | None, kind: str, name: str) -> int | None:
        """Return a time that calendars have, None and a line in the report for any other."""
        if time_ms is None or 0 <= time_ms <= MAX_TIME_MS:
            return time_ms
        self.report.note(kind, name, f"Its time {time_ms} is none of a calendar in milliseconds, and is left out.")
        return None

    def keys(self, pairs: dict[str, str], kind: str, name: str, limit: int = 250) -> dict[str, str]:
        """Return the pairs whose keys fit, and a line in the report for each other."""
        if all(0 < len(key) <= limit for key in pairs):
            return pairs
        for key in pairs:
            if not 0 < len(key) <= limit:
                self.report.left(kind, f"{name} {key}", f"Its key has {len(key)} characters; 1 to {limit} are allowed.")
        return {key: value for key, value in pairs.items() if 0 < len(key) <= limit}
