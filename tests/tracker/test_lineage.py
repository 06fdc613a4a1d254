import pytest

from tests.factories import make_experiment, make_logged_model, make_run
from tracker.actions import inputs
from tracker.actions.inputs import DatasetUse
from tracker.lineage import kept, lineage, model_folders
from tracker.models import Environment, RunTag
from tracker.run_facts import PARENT_TAG
from tracker.run_packages import environments, packages


@pytest.fixture
def run(member):
    return make_run(by=member, name="middle")


def test_what_stands_around_a_run(run, member, django_assert_num_queries):
    parent, child = make_run(by=member), make_run(by=member)
    RunTag.objects.create(run=child, key=PARENT_TAG, value=run.run_id)
    used, made = make_logged_model(by=member), make_logged_model(by=member, source_run=run)
    inputs.log(run, datasets=[DatasetUse("seams", "1", "", "")], model_ids=[used.model_id], by=member)

    # datasets, children, parent, models in and out
    with django_assert_num_queries(5):
        found = lineage(
            run, {PARENT_TAG: parent.run_id, "mlflow.log-model.history": '[{"artifact_path": "m"}]'}, user=member
        )

    assert (found.family.parent, found.family.children) == (parent, [child])
    assert [edge.dataset.name for edge in found.datasets] == ["seams"]
    assert (found.models_in, found.models_out, found.folders) == ([used], [made], ["m"])
    assert not found.is_empty


def test_what_a_reader_may_not_see_is_not_there(run, member, admin):
    hidden = make_experiment(by=admin, is_private=True)
    parent = make_run(hidden, by=admin)
    make_logged_model(hidden, by=admin, source_run=run)

    assert lineage(run, {PARENT_TAG: parent.run_id}, user=member).is_empty


@pytest.mark.parametrize("history", ["", "{", "3", '{"a": 1}', '[1, {"artifact_path": 2}, {}]'])
def test_a_tag_that_lists_no_models_lists_none(history):
    assert model_folders(history) == []


def test_a_run_that_logged_nothing_has_nothing(run, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert not any(kept(run))


def test_it_has_what_was_logged(run, member):
    child = make_run(by=member)
    RunTag.objects.create(run=child, key=PARENT_TAG, value=run.run_id)
    Environment.objects.create(run=run, folder="m", packages=[])

    assert kept(run) == (False, False, True, False, True)
    assert kept(child) == (False, False, False, False, True)


def test_packages_say_which_models_named_them(run, member):
    for name, version in (("one", "==2.1.0"), ("two", "==2.1.0"), ("three", "==2.0.0")):
        model = make_logged_model(by=member, source_run=run, name=name)
        Environment.objects.create(model=model, packages=[["numpy", version], ["zlib", ""]])

    found = packages(environments(run))

    assert [(one.name, one.version, [e.model.name for e in one.environments]) for one in found] == [
        ("numpy", "==2.0.0", ["three"]),
        ("numpy", "==2.1.0", ["one", "two"]),
        ("zlib", "", ["one", "two", "three"]),
    ]
    assert [one.name for one in packages(environments(run), "ZL")] == ["zlib"]


def test_packages_of_a_model_elsewhere_are_not_shown(run, member, admin):
    model = make_logged_model(make_experiment(by=admin, is_private=True), by=admin, source_run=run)
    Environment.objects.create(model=model, packages=[["secret", "==1"]])

    assert packages(environments(run)) == []
    assert not kept(run).environment
