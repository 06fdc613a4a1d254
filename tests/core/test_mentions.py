import pytest

from core import mentions
from core.actions import comments
from core.models import Notice
from tests.factories import make_model, make_user


@pytest.fixture
def model(member):
    return make_model("seams", by=member)


def told():
    return list(Notice.objects.order_by("pk").values_list("recipient__username", flat=True))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@rita and (@ed)", {"rita", "ed"}),
        ("ask @rita.", {"rita.", "rita"}),
        ("mail me@rita or see /@rita", set()),
        ("```\n@rita\n``` and `@ed`", set()),
        ("```\n@rita that never ends", set()),
        ("@", set()),
        ("@rita@example.org", {"rita@example.org"}),
    ],
)
def test_names_are_found_outside_of_code(text, found):
    assert set(mentions.names(text)) == found


def test_who_is_mentioned_is_told_once_and_nobody_else(model, member):
    make_user("rita"), make_user("eve")
    make_user("bot", is_service=True), make_user("gone", is_active=False)

    comments.create(model, "@rita @rita @mel @bot @gone @nobody look", by=member)

    assert told() == ["rita"]
    notice = Notice.objects.get()
    assert notice.text == "mel mentions you in a comment on seams"


def test_an_edit_tells_only_who_is_new_and_rewords_the_rest(model, member):
    make_user("rita"), make_user("ed")
    comment = comments.create(model, "@rita look", by=member)

    comments.edit(comment, "@rita @ed look again", by=member)

    assert told() == ["rita", "ed"]
    assert set(Notice.objects.values_list("detail", flat=True)) == {"@rita @ed look again"}


def test_a_comment_that_is_deleted_takes_its_notices_along(model, member):
    make_user("rita")
    kept = comments.create(model, "@rita look", by=member)
    comments.delete(comments.create(model, "@rita nonsense", by=member), by=member)

    assert [notice.place for notice in Notice.objects.all()] == [f"#comment-{kept.pk}"]
