"""What was answered is there after `kill -9` of every process; benchmarks/kill_everything.py does it twenty times."""

import pytest

from tests import durability
from tests.servers import wait_until

NUM_WRITERS = 4
NUM_ANSWERS = 60


@pytest.fixture(scope="module")
def writers(tmp_path_factory, ready_site):
    """Writers that were answered until every process of their server was killed; it runs again."""

    def enough(writers):
        wait_until(lambda: sum(writer.num_answered for writer in writers) >= NUM_ANSWERS)

    server = ready_site.server(tmp_path_factory.mktemp("killed"))
    try:
        server.start()
        writers = durability.log_and_kill(server, [f"writer-{n}" for n in range(NUM_WRITERS)], until=enough)
        server.start()
        yield writers
    finally:
        server.close()


def test_they_were_answered_until_the_server_died(writers):
    assert sum(writer.num_answered for writer in writers) >= NUM_ANSWERS
    assert [writer.refused for writer in writers] == [""] * NUM_WRITERS


def test_what_was_answered_is_there_whole_and_once(writers):
    assert {writer.name: durability.problems(writer) for writer in writers} == {writer.name: [] for writer in writers}


def test_the_batch_without_an_answer_may_be_sent_again(writers):
    for writer in writers:
        assert writer.log(writer.num_answered)
        writer.num_answered += 1

        assert durability.problems(writer) == []


def test_a_loss_would_be_seen(writers):
    writer = writers[0]
    writer.num_answered += 2
    try:
        assert durability.problems(writer)
    finally:
        writer.num_answered -= 2
