"""Searching models and versions, in the grammar and with the paging of tracker.search (MLFLOW_CONTRACT 4).

A prompt is a model or a version with the tag mlflow.prompt.is_prompt; prompts are found only where that is asked for, and
what has no such tag counts as 'false': the client adds that clause to every search for models.
"""

from registry.models import ModelVersion, RegisteredModel
from registry.names import IS_PROMPT
from tracker.search.fragments import Fragment, all_of
from tracker.search.grammar import parse
from tracker.search.kinds import LIKE, LISTS, ORDERED, Attribute, KeyValues, Kind, Owner, Type
from tracker.search.queries import Page, Query, among_ids, binding_of, page
from tracker.search.tree import Term, comparisons

_TIME = {"type": Type.TIME, "operators": ORDERED, "is_whole": True, "filters_on_wire": False}
_NOT_A_PROMPT = {IS_PROMPT: "false"}
_MODEL_NAME = "(SELECT m.name FROM registry_registeredmodel m WHERE m.id = t.model_id)"
_MODEL = Owner("t.model_id", "registry_registeredmodel", "name")
_OWNER = "(SELECT u.username FROM accounts_user u WHERE u.id = t.created_by_id)"
EVERYTHING = Fragment("1 = 1")
_ENTITIES = {"attribute": "attribute", "tag": "tag", "tags": "tag"}


def _descending(key: str) -> Term:
    return Term("attribute", key, is_ascending=False)


MODELS = Kind(
    name="registered model",
    table="registry_registeredmodel",
    public_id="t.name",
    text="t.name",
    attributes={
        "name": Attribute("t.name", operators=(*LIKE, *LISTS)),
        "creation_timestamp": Attribute("t.creation_time_ms", **_TIME),
        "last_updated_timestamp": Attribute("t.last_updated_time_ms", **_TIME),
        "owner": Attribute(_OWNER, is_nullable=True, is_on_wire=False),
    },
    aliases={"timestamp": "last_updated_timestamp"},
    related={"tag": KeyValues("registry_registeredmodeltag", "model_id", LIKE, absent=_NOT_A_PROMPT)},
    wire_entities=_ENTITIES,
    default_order=(Term("attribute", "name"),),
    tie_breakers=(Term("attribute", "name"),),
    unique="name",
    orders_on_wire=("attribute",),
)

VERSIONS = Kind(
    name="model version",
    table="registry_modelversion",
    public_id=_MODEL_NAME,
    text=_MODEL_NAME,
    attributes={
        "name": Attribute(_MODEL_NAME, operators=(*LIKE, *LISTS), owner=_MODEL),
        "run_id": Attribute("t.run_id", operators=(*LIKE, *LISTS)),
        "source_path": Attribute("t.source"),
        "version_number": Attribute("t.version", Type.INTEGER, ORDERED, is_whole=True, takes_quoted=True),
        "creation_timestamp": Attribute("t.creation_time_ms", **_TIME),
        "last_updated_timestamp": Attribute("t.last_updated_time_ms", **_TIME),
        "stage": Attribute("t.stage", is_on_wire=False),
        "owner": Attribute(_OWNER, is_nullable=True, is_on_wire=False),
        "id": Attribute("t.id", Type.INTEGER, ORDERED, is_on_wire=False),
    },
    related={"tag": KeyValues("registry_modelversiontag", "version_id", LIKE, absent=_NOT_A_PROMPT)},
    wire_entities=_ENTITIES,
    default_order=(
        _descending("last_updated_timestamp"),
        Term("attribute", "name"),
        _descending("version_number"),
        _descending("id"),
    ),
    tie_breakers=(Term("attribute", "name"), _descending("version_number"), _descending("id")),
    unique="id",
    orders_on_wire=("attribute",),
)


def models(*, user, query: Query, limit: int, token: str = "", is_shared: bool = False) -> Page:
    """Return a page of the keys of the models that `user` may see; `is_shared` as in tracker.search."""
    scope = among_ids("t.id", RegisteredModel.objects.visible_to(user).active())
    return _page(MODELS, RegisteredModel.objects, scope, query, user, limit, token, is_shared)


def versions(*, user, query: Query, limit: int, token: str = "", is_shared: bool = False) -> Page:
    """Return a page of the keys of the versions of models that `user` may see."""
    # versions of a deleted model are deleted with it; the + keeps SQLite from reading all versions model by model
    is_admin = user.is_active and user.is_superuser
    scope = EVERYTHING if is_admin else among_ids("+t.model_id", RegisteredModel.objects.visible_to(user).active())
    return _page(VERSIONS, ModelVersion.objects, scope, query, user, limit, token, is_shared)


def _page(kind: Kind, source, scope: Fragment | None, query: Query, user, limit: int, token: str, is_shared) -> Page:
    bound_to = binding_of(kind, query, None, None if is_shared else user.pk)
    if scope is not None and not _asks_for_prompts(kind, query):
        tags = kind.related["tag"]
        scope = all_of([scope, _no_prompts(tags)])
    # registry/rows.py reads what an answer shows
    keys = source.values_list("pk", named=True)
    return page(kind, keys, scope, query, limit=limit, token=token, bound_to=bound_to)


def _asks_for_prompts(kind: Kind, query: Query) -> bool:
    tree = parse(query.text, kind, dialect=query.dialect)
    asking = (("=", "true"), ("!=", "false"))
    return any(
        node.entity == "tag" and node.key == IS_PROMPT and (node.operator, str(node.value).lower()) in asking
        for node in comparisons(tree)
    )


def _no_prompts(tags: KeyValues) -> Fragment:
    return Fragment(
        f"NOT EXISTS (SELECT 1 FROM {tags.table} p WHERE p.{tags.owner} = t.id AND p.key = %s AND lower(p.value) = 'true')",
        (IS_PROMPT,),
    )
