"""Background work on accounts."""

from accounts import expiring_tokens, letters
from core import jobs, schedule

schedule.periodic("tokens.tell_ending", every_s=3600)(expiring_tokens.tell)


@jobs.handler(letters.RESET_JOB)
def mail_reset(job, arguments):
    letters.send_reset(arguments["user"])


@jobs.handler(letters.INVITATION_JOB)
def mail_invitation(job, arguments):
    letters.send_invitation(arguments["invitation"])
