"""Notices by e-mail, sent to a real mail server: what stands in them, when they wait, when they stop."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.access import Level
from core import letters
from core.actions import comments, notices
from core.models import Job, Notice, Topic
from registry.actions import requests
from tests.core.test_webhooks import work
from tests.factories import grant_model, make_model, make_user, make_version
from tests.mail_server import MailServer


@pytest.fixture(scope="module")
def running():
    with MailServer() as server:
        yield server


@pytest.fixture
def mail(running, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.ASSAY_SENDS_MAIL = "127.0.0.1", running.port, True
    for kept in (running.mails, running.recipients, running.answers, running.refused):
        kept.clear()
    return running


@pytest.fixture
def rita(db):
    return make_user("rita", email="rita@example.org")


@pytest.fixture
def version(member, rita):
    model = make_model("seams", by=member, is_private=True)
    grant_model(model, rita, Level.MANAGE)
    return make_version(model, by=member)


def text_of(mail) -> str:
    return mail.get_content().replace("\r\n", "\n")


def test_who_may_decide_gets_a_mail_with_a_link_to_it(mail, version, member, settings):
    requests.open(version, "stage", "Production", comment="f1 is up", by=member)

    work()

    (got,) = mail.mails
    assert (got["To"], mail.recipients) == ("rita@example.org", ["rita@example.org"])
    assert got["Subject"] == "[Assay] mel asks to move seams version 1 to Production"
    body = text_of(got)
    assert "> f1 is up" in body
    assert f"{settings.ASSAY_URL}/models/seams/versions/1\n" in body
    assert "Assay writes to you when a request waits for your review." in body
    assert Notice.objects.get().mail == "sent"


def test_one_click_stops_its_topic_and_no_other(mail, version, member, rita):
    comments.create(version, "@rita look", by=member)
    work()
    link = re.fullmatch(r"<(.*)>", mail.mails[0]["List-Unsubscribe"].strip())[1]
    assert mail.mails[0]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"Stop these e-mails: {link}\n" in text_of(mail.mails[0])
    path = "/notices/off/" + link.rpartition("/")[2]
    program = Client(enforce_csrf_checks=True)

    # mail programs open links to look at them
    assert "Stop these e-mails?" in program.get(path).text
    assert notices.choices(rita)[Topic.MENTION].by_mail
    assert program.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200

    assert not notices.choices(rita)[Topic.MENTION].by_mail
    assert notices.choices(rita)[Topic.MENTION].in_portal
    assert notices.choices(rita)[Topic.REVIEW].by_mail
    comments.create(version, "@rita again", by=member)
    assert not Job.objects.filter(state=Job.State.QUEUED).exists()
    assert "No more e-mails" in program.get(path).text


def test_a_ticket_that_was_not_signed_here_stops_nothing(client, rita):
    good = letters.ticket(rita, Topic.MENTION)

    for bad in (good[:-1] + ("A" if good[-1] != "A" else "B"), "x", "WzEsIm1lbnRpb24iXQ:a:b"):
        assert client.post(f"/notices/off/{bad}").status_code == 404

    assert notices.choices(rita)[Topic.MENTION].by_mail


def test_what_comes_together_is_one_mail(mail, version, member):
    for text in ("@rita one", "@rita two", "@rita three"):
        comments.create(version, text, by=member)

    work()

    (got,) = mail.mails
    assert got["Subject"] == "[Assay] 3 times somebody mentions you"
    assert [line for line in text_of(got).splitlines() if line.startswith("> ")] == [
        "> @rita one",
        "> @rita two",
        "> @rita three",
    ]


def test_a_mail_waits_for_others_and_the_next_one_longer(mail, version, member):
    comments.create(version, "@rita one", by=member)
    first = Job.objects.get()
    assert timedelta(seconds=20) < first.run_after - timezone.now() <= notices.GATHER
    work()

    comments.create(version, "@rita two", by=member)

    waits = Job.objects.get(state=Job.State.QUEUED).run_after - timezone.now()
    assert timedelta(minutes=4) < waits <= notices.MAIL_EVERY


def test_a_server_that_is_busy_is_tried_again(mail, version, member):
    mail.answers = ["451 busy", "421 closing"]
    comments.create(version, "@rita look", by=member)

    work()

    assert len(mail.mails) == 1
    assert Job.objects.get().attempts == 3
    assert Notice.objects.get().mail == "sent"


@pytest.mark.parametrize("way", ["mailbox", "mail"])
def test_what_is_refused_for_good_is_tried_once(mail, version, member, way):
    if way == "mailbox":
        mail.refused.add("rita@example.org")
    else:
        mail.answers = ["554 looks like spam"]
    comments.create(version, "@rita look", by=member)

    work()

    job = Job.objects.get()
    assert (job.state, job.attempts) == (Job.State.FAILED, 1)
    assert "refused" in job.error
    assert Notice.objects.get().mail == "failed"


def test_a_server_that_is_away_is_given_up_in_the_end(mail, version, member, settings):
    settings.EMAIL_PORT = 9
    comments.create(version, "@rita look", by=member)

    work()

    assert Job.objects.get().attempts == notices.MAIL_ATTEMPTS
    assert Notice.objects.get().mail == "failed"


def test_what_one_may_not_see_any_more_is_not_mailed(mail, version, member):
    comments.create(version, "@rita look", by=member)
    version.model.grants.exclude(user=member).delete()

    work()

    assert mail.mails == []
    assert Notice.objects.get().mail == "withheld"


def test_what_was_read_meanwhile_is_not_mailed(mail, version, member, rita):
    comments.create(version, "@rita look", by=member)
    notices.mark(rita, None)

    work()

    assert mail.mails == []


def test_a_job_that_starts_over_sends_under_the_same_name(mail, version, member):
    comments.create(version, "@rita look", by=member)
    work()
    job = Job.objects.get()
    # as if the worker had died before it wrote down that it had sent
    Notice.objects.update(mail="waiting", mailed_at=None)

    letters.send(job.pk, job.arguments["recipient"], Topic.MENTION)

    assert len(mail.mails) == 2
    assert len({got["Message-ID"] for got in mail.mails}) == 1


def test_a_name_cannot_add_headers(mail, version, rita):
    # as a run may be called
    notices.tell([rita], Topic.RUN_FAILED, version, "Your run a\nBcc: eve@example.org failed")
    notices.choose(rita, Topic.RUN_STALLED, by_mail=True)
    notices.tell([rita], Topic.RUN_STALLED, version, "Your run a\nBcc: eve@example.org has stalled")

    work()

    (got,) = mail.mails
    assert mail.recipients == ["rita@example.org"]
    assert got["Bcc"] is None
    assert got["Subject"] == "[Assay] Your run a Bcc: eve@example.org has stalled"


def test_without_a_mail_server_nothing_is_tried(version, member):
    comments.create(version, "@rita look", by=member)

    assert not Job.objects.exists()
    assert Notice.objects.get().mail == ""
