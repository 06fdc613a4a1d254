"""Background work on accounts."""

from accounts import expiring_tokens, letters, old_sessions
from core import jobs, schedule

schedule.periodic("tokens.tell_ending", every_s=3600)(expiring_tokens.tell)
schedule.periodic("sessions.forget_expired", every_s=3600)(old_sessions.forget)


@jobs.handler(letters.RESET_JOB)
def mail_reset(job, arguments):
    letters.send_reset(arguments["user"])


@jobs.handler(letters.INVITATION_JOB)
def mail_invitation(job, arguments):
    letters.send_invitation(arguments["invitation"])
