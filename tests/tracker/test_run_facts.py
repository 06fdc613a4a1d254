import doctest
import shlex

import pytest

from tracker import run_facts
from tracker.run_facts import rerun_command, source


def command(tags, params=()):
    return rerun_command(source(tags), list(params), tracking_uri="http://h:5000", experiment="my seams").splitlines()


def test_its_examples_hold():
    assert doctest.testmod(run_facts).failed == 0


def test_a_script_runs_again_at_its_commit():
    lines = command(
        {"mlflow.source.type": "LOCAL", "mlflow.source.name": "/w/train it.py", "mlflow.source.git.commit": "9b41e02"}
    )

    assert lines == [
        "export MLFLOW_TRACKING_URI=http://h:5000",
        "export MLFLOW_EXPERIMENT_NAME='my seams'",
        "git checkout 9b41e02",
        "python '/w/train it.py'",
    ]


def test_a_project_runs_again_with_its_params():
    lines = command(
        {
            "mlflow.source.type": "PROJECT",
            "mlflow.source.name": "https://example.org/seams.git",
            "mlflow.project.entryPoint": "train",
            "mlflow.project.env": "virtualenv",
            "mlflow.source.git.commit": "9b41e02",
        },
        [("lr", "1e-3"), ("note", "two words; rm -rf /")],
    )

    assert shlex.split(lines[-1]) == [
        *["mlflow", "run", "https://example.org/seams.git", "-e", "train", "-v", "9b41e02"],
        *["--env-manager", "virtualenv", "-P", "lr=1e-3", "-P", "note=two words; rm -rf /"],
    ]


@pytest.mark.parametrize("evil", ["$(reboot)", "`reboot`", "a; reboot", "a\nreboot", "'; reboot '"])
def test_what_the_client_sent_cannot_leave_its_word(evil):
    lines = "\n".join(
        command({"mlflow.source.type": "LOCAL", "mlflow.source.name": evil, "mlflow.source.git.commit": evil})
    )

    words = shlex.split(lines)
    assert words[-5:] == ["git", "checkout", evil, "python", evil]


def test_a_run_that_came_over_the_api_has_no_command():
    assert command({}) == []


def test_groups_of_charts_begin_with_names_without_prefix_and_end_with_the_system():
    class Named:
        def __init__(self, key):
            self.key = key

    groups = run_facts.chart_groups([Named(k) for k in ("system/cpu", "val/loss", "loss", "a/b/c", "system/disk/x")])

    assert [(group.prefix, [m.key for m in group.metrics]) for group in groups] == [
        ("", ["loss"]),
        ("a/b", ["a/b/c"]),
        ("val", ["val/loss"]),
        ("system", ["system/cpu", "system/disk/x"]),
    ]
