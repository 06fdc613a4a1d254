"""Send many requests made from the schemas of the API, and count what came back. Ends with 1 if an answer is not as it must be.

    python -m benchmarks.fuzz_api --cases 20000

It runs in one process on SQLite in a temporary folder, or on the database that DATABASE_URL names, which is to be an empty one.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections import Counter

PER_ROUND = 1_000  # hypothesis keeps what it tried, so it is started anew


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    home = tempfile.mkdtemp(prefix="assay-fuzz-")
    os.environ |= {"ASSAY_HOME": home, "DJANGO_SETTINGS_MODULE": "portal.settings", "LOG_LEVEL": "ERROR"}
    os.environ["ASSAY_WEBHOOK_ALLOW"] = "127.0.0.1"  # the webhooks of fuzz_world lead to a closed port of this machine
    try:
        return run(options.cases, options.seed)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def run(num_cases: int, first_seed: int) -> int:
    import django

    django.setup()
    from django.core.management import call_command
    from django.test.utils import setup_test_environment

    setup_test_environment()
    call_command("migrate", verbosity=0)
    from hypothesis import HealthCheck, Phase, given, seed, settings

    from tests import fuzzing

    ask, known = prepare()
    routes = [*fuzzing.MLFLOW_ROUTES, *fuzzing.V1_ROUTES]
    counts, done, problems, started = Counter(), set(), [], time.monotonic()

    def send(case):
        route, request = case
        answer = ask(request)
        counts[answer.status_code] += 1
        if answer.status_code < 300:
            done.add((route.method, route.path))
        if found := fuzzing.problem(request, route, answer, answer.getvalue):
            problems.append(found)

    once = settings(
        max_examples=PER_ROUND,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    for number in range(-(-num_cases // PER_ROUND)):
        seed(first_seed + number)(once(given(fuzzing.requests(routes, known))(send)))()
    print(f"{counts.total()} cases in {time.monotonic() - started:.0f} s:", dict(sorted(counts.items())))
    never = sorted({(route.method, route.path) for _, route in routes} - done)
    print("never answered with 2xx:", ", ".join(" ".join(route) for route in never) or "none")
    print("\n".join(problems[:50]) or "every answer is as it must be")
    return 1 if problems else 0


def prepare():
    """Return what sends a request, and values by the name of their field that name something that is there."""
    from django.test import Client

    from tests import fuzz_world
    from tests.factories import make_token, make_user

    admin = make_user("ada", is_superuser=True, is_staff=True)
    _, secret = make_token(admin)
    known = fuzz_world.known_to(admin)
    client = Client(raise_request_exception=False)
    headers = {"Authorization": f"Bearer {secret}"}

    def ask(request):
        answer = client.generic(
            request.method, request.url, request.body, content_type="application/json", headers=headers
        )
        answer.getvalue()  # a download that nobody reads keeps its slot
        return answer

    return ask, known


if __name__ == "__main__":
    sys.exit(main())
