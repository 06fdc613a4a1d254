"""Changing policies, models, versions and comments in the administration: the actions of the pages, with their audit events."""

import pytest

from core.actions import comments
from core.models import AuditEvent, Comment, CommentRevision
from registry.actions import registered_models
from registry.models import RegisteredModel, StagePolicy
from tests.factories import make_model, make_policy, make_version

NO_ROWS = {
    f"{prefix}-{total}_FORMS": 0 for prefix in ("aliases", "grants", "revisions") for total in ("TOTAL", "INITIAL")
}


@pytest.fixture
def ada(client, admin):
    client.force_login(admin)
    return client


@pytest.fixture
def model(member):
    return make_model("seams", description="old", by=member)


def change(ada, row, **fields):
    path = f"/admin/{row._meta.app_label}/{row._meta.model_name}/{row.pk}/change/"
    answer = ada.post(path, {**NO_ROWS, **fields}, follow=True)
    row.refresh_from_db()
    return answer


def events_of(row):
    """What the audit log says was done to a row since it was made: (action, actor, details)."""
    rows = AuditEvent.objects.filter(object_kind=row._meta.model_name, object_id=str(row.pk)).order_by("pk")
    return [(event.action, event.actor, event.details) for event in rows.exclude(action__endswith=".create")]


def test_a_model_is_renamed_described_and_hidden(ada, model):
    change(ada, model, name="welds", description="one\r\ntwo", is_private="on")

    assert (model.name, model.description, model.is_private) == ("welds", "one\ntwo", True)
    assert events_of(model) == [
        ("registeredmodel.rename", "ada", {"before": "seams"}),
        ("registeredmodel.describe", "ada", {"before": "old"}),
        ("registeredmodel.set_private", "ada", {"is_private": True}),
    ]


def test_a_model_that_is_saved_as_it_was_leaves_no_event(ada, model):
    change(ada, model, name="seams", description="old")

    assert events_of(model) == []


@pytest.mark.parametrize(
    ("name", "said"), [("a/b", "Invalid"), ("taken", "already exists"), ("", "This field is required")]
)
def test_a_name_that_will_not_do_changes_nothing(ada, model, member, name, said):
    make_model("taken", by=member)

    page = change(ada, model, name=name, description="new")

    assert page.status_code == 200
    assert said.lower() in page.text.lower()
    assert (model.name, model.description) == ("seams", "old")
    assert events_of(model) == []


def test_a_refusal_of_the_last_step_takes_the_first_back(ada, model):
    model.grants.all().delete()

    page = change(ada, model, name="welds", description="new", is_private="on")

    assert "Somebody must manage the model" in page.text
    assert (model.name, model.description) == ("seams", "old")
    assert events_of(model) == []


def test_what_a_policy_keeps_is_not_renamed_here_either(ada, model):
    make_policy(model)

    assert "cannot be renamed while it has policies" in change(ada, model, name="welds").text
    assert model.name == "seams"


def test_a_deleted_model_is_only_shown(ada, model, admin):
    registered_models.delete(model, by=admin)

    assert change(ada, model, name="welds", description="new").status_code == 403
    assert model.description == "old"
    assert "seams" in ada.get(f"/admin/registry/registeredmodel/{model.pk}/change/").text
    assert not RegisteredModel.objects.filter(name="welds").exists()


def test_a_version_is_described_and_nothing_else_of_it_changes(ada, member, model):
    version = make_version(model, by=member, description="first")

    change(ada, version, description="second", stage="Production", source="s3://else/where", version=9)

    assert (version.description, version.stage, version.version) == ("second", "None", 1)
    assert version.source.endswith("/model")
    assert events_of(version) == [("modelversion.describe", "ada", {"before": "first"})]


def test_a_locked_version_is_not_described(ada, member, model):
    version = make_version(model, by=member, description="first")
    make_policy(model, "None", locks_version=True)

    assert "is locked while it is None" in change(ada, version, description="second").text
    assert version.description == "first"
    assert events_of(version) == []


def test_a_policy_is_changed_and_the_log_says_how(ada, model):
    policy = make_policy(model, "Staging")

    change(ada, policy, num_approvals=3, checks='[{"check": "description"}]', locks_version="on")

    assert (policy.num_approvals, policy.checks, policy.locks_version) == (3, [{"check": "description"}], True)
    assert (policy.model, policy.target) == (model, "Staging")
    ((action, actor, details),) = AuditEvent.objects.filter(action__startswith="stagepolicy").values_list(
        "action", "actor", "details"
    )
    assert (action.split(".")[0], actor) == ("stagepolicy", "ada")
    assert "3" in str(details)


def test_a_refused_policy_leaves_the_one_there_was(ada, model):
    policy = make_policy(model, "Staging", num_approvals=2)

    page = change(ada, policy, num_approvals=1, checks='[{"check": "none"}]')

    assert "There is no such check" in page.text
    assert StagePolicy.objects.get().num_approvals == 2
    assert not AuditEvent.objects.filter(action__startswith="stagepolicy").exists()


def test_ones_own_comment_is_reworded_and_what_it_said_is_kept(ada, admin, model):
    comment = comments.create(model, "first", by=admin)

    change(ada, comment, text="second\r\nline")

    assert comment.text == "second\nline"
    assert comment.edited_at is not None
    assert [revision.text for revision in comment.revisions.all()] == ["first"]
    assert [(action, actor) for action, actor, _ in events_of(comment)] == [("comment.edit", "ada")]
    assert "first" in ada.get(f"/admin/core/comment/{comment.pk}/change/").text


@pytest.mark.parametrize("text", ["", " ", "x" * 20_001])
def test_a_comment_of_nothing_or_of_too_much_is_refused(ada, admin, model, text):
    comment = comments.create(model, "first", by=admin)

    assert change(ada, comment, text=text).status_code == 200
    assert comment.text == "first"
    assert not CommentRevision.objects.exists()


def test_words_of_others_are_only_shown(ada, admin, member, model):
    theirs, deleted = comments.create(model, "theirs", by=member), comments.create(model, "gone", by=admin)
    comments.delete(deleted, by=admin)

    for comment, text in ((theirs, "theirs"), (deleted, "gone")):
        assert change(ada, comment, text="else").status_code == 403
        page = ada.get(f"/admin/core/comment/{comment.pk}/change/").text
        assert text in page
        assert 'name="text"' not in page
    assert set(Comment.objects.values_list("text", flat=True)) == {"theirs", "gone"}
