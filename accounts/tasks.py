"""Background work on accounts."""

from accounts import expiring_tokens
from core import schedule

schedule.periodic("tokens.tell_ending", every_s=3600)(expiring_tokens.tell)
