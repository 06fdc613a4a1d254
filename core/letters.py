"""Notices by e-mail: what waits for one person on one topic goes as one mail, in plain text.

Whether the person may see what a notice is about is asked when it is sent. A worker that dies between sending and
writing down that it has sends again; both mails then have one Message-ID.
"""

import hashlib
import smtplib
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core import signing
from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils import timezone

from core import notices
from core.errors import InvalidValue, Unavailable
from core.models import Notice, Topic

# more are counted, and read in the portal
MAX_IN_A_MAIL = 50
MAX_SUBJECT = 150
_SALT = "core.letters.stop"


def send(job_id: int, recipient_id: int, topic: Topic) -> int:
    """Send what waits; return how many notices went. Raises Unavailable where trying again may help, else InvalidValue."""
    _waiting(recipient_id, topic).filter(mail_job=None).update(mail_job=job_id)
    taken = list(_waiting(recipient_id, topic).filter(mail_job=job_id).order_by("pk"))
    if not taken:
        return 0
    person = get_user_model().objects.get(pk=recipient_id)
    where = notices.addresses(taken, person) if person.is_active and person.email else {}
    # what was read in the portal meanwhile is no news
    going = [notice for notice in taken if notice.pk in where and notice.read_at is None]
    if going:
        post(letter(person, topic, going, where))
    rows = Notice.objects.filter(pk__in=[notice.pk for notice in taken])
    is_sent = {notice.pk for notice in going}
    rows.filter(pk__in=is_sent).update(mail=Notice.Mail.SENT, mailed_at=timezone.now())
    rows.exclude(pk__in=is_sent).update(mail=Notice.Mail.WITHHELD)
    return len(going)


def give_up(job_id: int) -> None:
    Notice.objects.filter(mail_job=job_id, mail=Notice.Mail.WAITING).update(mail=Notice.Mail.FAILED)


def _waiting(recipient_id: int, topic: Topic):
    return Notice.objects.filter(recipient=recipient_id, topic=topic, mail=Notice.Mail.WAITING)


def letter(person, topic: Topic, going: list[Notice], where: dict[int, str]) -> EmailMessage:
    """Return the mail about notices."""
    count = f"{len(going)} times {said_to_you(topic)}"
    subject = going[0].text if len(going) == 1 else count
    parts = [_entry(notice, where[notice.pk]) for notice in going[:MAX_IN_A_MAIL]]
    if len(going) > MAX_IN_A_MAIL:
        parts.append(f"{len(going) - MAX_IN_A_MAIL} more: {notices.absolute(reverse('notice-list'))}")
    same = hashlib.sha256(" ".join(str(notice.pk) for notice in going).encode()).hexdigest()[:32]
    return mail(person, topic, subject, parts, name=f"notice-{same}")


def mail(person, topic: Topic, subject: str, parts: list[str], *, name: str) -> EmailMessage:
    """Return a mail of paragraphs; `name` tells it from any other.

    Its headers let a mail program stop the topic by one click (RFC 8058), its foot a person.
    """
    stop = notices.absolute(reverse("notices-off", args=[ticket(person, topic)]))
    foot = (
        f"-- \nAssay writes to you when {said_to_you(topic)}.\nStop these e-mails: {stop}\n"
        f"Choose what you are told of: {notices.absolute(reverse('notice-choices'))}\n"
    )
    host = urlsplit(settings.ASSAY_URL).hostname
    return EmailMessage(
        f"[Assay] {one_line(subject)}",
        "\n\n".join([*parts, foot]),
        to=[person.email],
        headers={
            "Message-ID": f"<{name}@{host}>",
            "List-Unsubscribe": f"<{stop}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            # no answers of absence, please (RFC 3834)
            "Auto-Submitted": "auto-generated",
        },
    )


def _entry(notice: Notice, address: str) -> str:
    said = [f"> {line}" for line in notice.detail.splitlines()]
    return "\n".join([one_line(notice.text), *said, notices.absolute(address)])


def said_to_you(topic: Topic) -> str:
    """Return the label as said to the person: "a run of yours fails"."""
    words = {"my": "your", "mine": "yours", "me": "you", "I": "you"}
    return " ".join(words.get(word, word) for word in topic.label.split())


def one_line(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= MAX_SUBJECT else f"{text[: MAX_SUBJECT - 1]}…"


def post(message: EmailMessage) -> None:
    """Hand a mail to the mail server. Raises Unavailable where trying again may help, else InvalidValue."""
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        kind = InvalidValue if min(codes) >= 500 else Unavailable
        raise kind(f"The mail server refused the recipient: {_said(error)}")
    except smtplib.SMTPDataError as error:
        kind = InvalidValue if error.smtp_code >= 500 else Unavailable
        raise kind(f"The mail server refused the mail: {_said(error)}")
    except (smtplib.SMTPException, OSError) as error:
        # what is wrong with the server or with EMAIL_URL may be mended
        raise Unavailable(f"The mail server did not take the mail: {_said(error)}")


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]


def ticket(person, topic: Topic) -> str:
    """Return what stops the mail on a topic without a login; it has no end, as old mails are still in the box."""
    return signing.dumps([person.pk, topic.value], salt=_SALT)


def read_ticket(text: str) -> tuple[int, Topic] | None:
    """Return (key of a user, topic), None for what was not signed here."""
    try:
        user_id, topic = signing.loads(text, salt=_SALT)
        return user_id, Topic(topic)
    except (signing.BadSignature, ValueError):
        return None
