from accounts.access import Scope
from accounts.models import ApiToken


def test_a_made_token_works_within_its_scope(api_as, member):
    answer = api_as(member).post("/api/v1/tokens", name="ci", scope="read")

    secret = answer.json()["secret"]
    client = api_as(member)
    client.secret = secret
    assert client.get("/api/v1/me").json()["token_name"] == "ci"
    assert client.post("experiments/create", name="x").status_code == 403


def test_only_a_hash_is_stored(api_as, member):
    secret = api_as(member).post("/api/v1/tokens", name="ci").json()["secret"]

    assert not [row for row in ApiToken.objects.values() if secret in str(row)]


def test_a_list_shows_no_wider_token_and_no_secret(api_as, member):
    full, read = api_as(member), api_as(member, scope=Scope.READ)

    answer = read.get("/api/v1/tokens")

    assert [token["id"] for token in answer.json()["tokens"]] == [read.token.pk]
    assert full.secret not in answer.text
    assert read.secret not in answer.text


def test_a_token_of_scope_log_makes_no_token(api_as, member):
    answer = api_as(member, scope=Scope.LOG).post("/api/v1/tokens", name="wider", scope="full")

    assert (answer.status_code, answer.json()["error_code"]) == (403, "PERMISSION_DENIED")


def test_a_revoked_token_is_dead(api_as, member):
    client = api_as(member)
    other = client.post("/api/v1/tokens", name="lost").json()

    assert client.delete(f"/api/v1/tokens/{other['token']['id']}").status_code == 200

    client.secret = other["secret"]
    assert client.get("/api/v1/me").status_code == 401


def test_somebody_elses_token_does_not_exist(api_as, member, stranger):
    theirs = api_as(member)

    assert api_as(stranger).delete(f"/api/v1/tokens/{theirs.token.pk}").status_code == 404
    assert theirs.get("/api/v1/me").status_code == 200


def test_a_secret_cannot_be_had_twice_by_a_key(api_as, member):
    answer = api_as(member).call("POST", "/api/v1/tokens", {"name": "ci"}, HTTP_IDEMPOTENCY_KEY="k1")

    assert answer.status_code == 400
    assert not ApiToken.objects.filter(name="ci").exists()
