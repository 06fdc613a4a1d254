"""The weekly mail, sent to a real mail server: once a week, about what there was, and to who wants it."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.access import Level
from accounts.models import User
from core import schedule
from core.actions import notices
from core.models import Digest, Job, NoticeChoice, Topic
from registry.actions import digests, requests, transitions
from registry.models.policy import Target
from tests.core.test_letters import mail, running, text_of  # noqa: F401
from tests.core.test_webhooks import work
from tests.factories import grant_model, make_experiment, make_model, make_policy, make_run, make_user, make_version
from tracker.models import Run

MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
WEEK_MS = int((MONDAY - timedelta(days=3)).timestamp() * 1000)


@pytest.fixture
def rita(db):
    return make_user("rita", email="rita@example.org", date_joined=MONDAY - timedelta(days=30))


def ended(person, name, status="FINISHED", at=WEEK_MS, experiment=None):
    return make_run(experiment, by=person, name=name, status=status, start_time_ms=at - 5, end_time_ms=at)


def request() -> int:
    """Have the digests of the week sent."""
    digests.request_due(week=MONDAY.date())
    return work()


def test_it_tells_what_came_of_ones_runs(mail, rita, member, settings):  # noqa: F811
    ended(rita, "good")
    bad = ended(rita, "bad", "FAILED")
    ended(rita, "of before", at=WEEK_MS - 8 * 86_400_000)
    ended(member, "of somebody else", "FAILED")
    silent = make_run(by=rita, name="silent", status="RUNNING")
    Run.objects.filter(pk=silent.pk).update(stalled_at=MONDAY - timedelta(days=1))

    request()

    (got,) = mail.mails
    assert got["To"] == "rita@example.org"
    assert got["Subject"] == "[Assay] Your week to 22 November 2026"
    body = text_of(got)
    assert "Your runs: 1 finished, 1 failed, 1 fell silent." in body
    assert f"Failed: bad\n{settings.ASSAY_URL}/runs/{bad.run_id}\n" in body
    assert f"Silent: silent\n{settings.ASSAY_URL}/runs/{silent.run_id}\n" in body
    assert "somebody else" not in body
    assert "of before" not in body


def test_it_tells_of_reviews_and_of_production_as_far_as_one_may_see_it(mail, rita, member, monkeypatch):  # noqa: F811
    model = make_model("seams", by=member, is_private=True)
    grant_model(model, rita, Level.MANAGE)
    version = make_version(model, by=member)
    requests.open(version, "stage", "Production", by=member)
    hidden = make_version(make_model("hidden", by=member, is_private=True), by=member)
    shown = make_version(make_model("shown", by=member), by=member)
    for one in (hidden, shown):
        make_policy(one.model, managers_may_bypass=True)
        transitions.move(one, Target.STAGE, "Production", by=member, bypasses=True, comment="now")
    Job.objects.all().delete()
    week = digests.week_of(datetime.now(UTC)) + timedelta(days=7)
    User.objects.filter(pk=member.pk).update(email="")

    digests.request_due(week=week)
    work()

    (got,) = [one for one in mail.mails if one["To"] == "rita@example.org"]
    body = text_of(got)
    assert "1 review waits for you." in body
    assert "seams version 1 to Production" in body
    assert "To Production went 1 version." in body
    assert "shown version 1, by mel" in body
    assert "hidden" not in body


def test_who_has_nothing_to_read_gets_no_mail(mail, rita):  # noqa: F811
    request()

    assert mail.mails == []
    assert Digest.objects.get().state == Digest.State.EMPTY


def test_it_is_sent_once_however_often_it_is_asked_for(mail, rita):  # noqa: F811
    ended(rita, "good")

    for _ in range(3):
        request()
    digest = Digest.objects.get()
    job = Job.objects.get(kind=digests.JOB)
    Job.objects.filter(pk=job.pk).update(state=Job.State.QUEUED, attempts=0)
    work()

    assert len(mail.mails) == 1
    digest.refresh_from_db()
    assert digest.state == Digest.State.SENT


def test_of_which_nobody_knows_whether_it_was_sent_is_not_sent_again(mail, rita):  # noqa: F811
    ended(rita, "good")
    digests.request_due(week=MONDAY.date())
    # as if a worker had died with the mail in its hands
    Digest.objects.update(state=Digest.State.SENDING)

    work()

    assert mail.mails == []
    assert Job.objects.get().state == Job.State.FAILED


def test_a_server_that_is_busy_is_tried_again(mail, rita):  # noqa: F811
    ended(rita, "good")
    mail.answers = ["451 busy", "421 closing"]

    request()

    assert len(mail.mails) == 1
    assert Job.objects.get().attempts == 3


def test_one_click_stops_it(mail, rita):  # noqa: F811
    ended(rita, "good")
    request()
    link = re.fullmatch(r"<(.*)>", mail.mails[0]["List-Unsubscribe"].strip())[1]
    assert mail.mails[0]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"Stop these e-mails: {link}\n" in text_of(mail.mails[0])
    path = "/notices/off/" + link.rpartition("/")[2]
    program = Client(enforce_csrf_checks=True)

    assert "In the portal" not in program.get(path).text
    assert program.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200

    assert not notices.choices(rita)[Topic.DIGEST].by_mail
    assert notices.choices(rita)[Topic.REVIEW].by_mail
    digests.request_due(week=MONDAY.date() + timedelta(days=7))
    assert Digest.objects.count() == 1


def test_who_stops_it_while_it_waits_gets_none(mail, rita):  # noqa: F811
    ended(rita, "good")
    digests.request_due(week=MONDAY.date())
    notices.choose(rita, Topic.DIGEST, by_mail=False)

    work()

    assert mail.mails == []


@pytest.mark.parametrize(
    "fields",
    [{"email": ""}, {"is_active": False}, {"is_service": True}, {"date_joined": MONDAY + timedelta(hours=1)}],
)
def test_nobody_else_is_asked_for(mail, rita, fields):  # noqa: F811
    ended(rita, "good")
    User.objects.filter(pk=rita.pk).update(**fields)

    request()

    assert mail.mails == []
    assert not Digest.objects.exists()


@pytest.mark.parametrize(
    ("after_midnight", "is_time"),
    [
        (timedelta(hours=5, minutes=59), False),
        (timedelta(hours=6), True),
        (timedelta(days=2, hours=23), True),
        (timedelta(days=3), False),
        (timedelta(days=6, hours=23), False),
    ],
)
def test_the_schedule_asks_on_mondays(mail, rita, monkeypatch, after_midnight, is_time):  # noqa: F811
    now = MONDAY.replace(hour=0) + after_midnight
    monkeypatch.setattr(digests.timezone, "now", lambda: now)

    assert digests.is_due() is is_time
    assert digests.week_of(now) == MONDAY.date()


def test_the_schedule_has_it_and_needs_it_no_more_once_asked_for(mail, rita):  # noqa: F811
    assert "digests.request" in {work.name for work in schedule.everything()}
    digests.request_due(week=MONDAY.date())

    assert not digests._unasked(MONDAY.date()).exists()


def test_many_are_asked_for_in_batches(mail, monkeypatch, db):  # noqa: F811
    monkeypatch.setattr(digests, "BATCH", 3)
    for number in range(7):
        make_user(email=f"p{number}@example.org", date_joined=MONDAY - timedelta(days=9))

    assert digests.request_due(5, week=MONDAY.date()) == 5
    assert digests.request_due(week=MONDAY.date()) == 2
    assert Digest.objects.count() == Job.objects.count() == 7


def test_statements_do_not_grow_with_what_there_is(rita, django_assert_max_num_queries):
    experiment = make_experiment(by=rita)
    for number in range(30):
        ended(rita, f"bad-{number}", "FAILED", experiment=experiment)

    from registry.digests import paragraphs

    with django_assert_max_num_queries(12):
        said = paragraphs(rita, MONDAY.date())

    assert "20 more: " in "\n".join(said)


def test_the_command_sends_it(mail, rita, capsys):  # noqa: F811
    call_command("send_digests")

    assert "1 are on their way" in capsys.readouterr().out


def test_without_a_mail_server_the_command_says_so(db):
    assert not digests.is_due()
    with pytest.raises(CommandError, match="EMAIL_URL"):
        call_command("send_digests")


def test_the_page_of_choices_offers_it_as_a_mail_alone(client, rita):
    client.force_login(rita)

    page = client.get("/account/notices").text
    assert 'name="by_mail" value="digest"' in page
    assert 'name="in_portal" value="digest"' not in page
    client.post("/account/notices", {"by_mail": []})

    assert NoticeChoice.objects.get(user=rita, topic=Topic.DIGEST).by_mail is False
