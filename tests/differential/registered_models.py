"""Calls on registered models, their tags and aliases (MLFLOW_CONTRACT 1.7, 5)."""

from tests.differential.session import AJAX, Session

NAMES = {
    "plain": "diff model",
    "taken": "diff model",
    "in another case": "Diff Model",
    "quotes": 'it\'s a "model"',
    "unicode": "flöz ⛏ – é",
    "spaces around it": " diff spaced ",
    "an at": "diff@home",
    "a percent": "per%25cent",
    "dots inside": "diff.v1..2",
    "a backslash": "a\\b",
    "256 characters": "n" * 256,
    "257 characters": "n" * 257,
    "a slash": "a/b",
    "a colon": "a:b",
    "a dot": ".",
    "two dots": "..",
    "blank": " ",
    "a newline": "a\nb",
    "empty": "",
    "a number": 5,
}
ALIASES = {
    "plain": "champion",
    "a number": "42",
    "dashes": "a-b_c",
    "unicode": "flöz",
    "latest": "latest",
    "Latest": "LATEST",
    "a version": "v1",
    "a V": "V12",
    "v and a word": "v1x",
    "255 characters": "a" * 255,
    "256 characters": "a" * 256,
    "a space": "a b",
    "a slash": "a/b",
    "an at": "a@b",
    "empty": "",
}
MODEL = "diff model"


def registered_models(s: Session) -> None:
    create(s)
    change(s)
    tags(s)
    aliases(s)
    life(s)


def create(s: Session) -> None:
    call = "registered-models/create"
    for what, name in NAMES.items():
        s.post(f"name is {what}", call, name=name)
    s.post("without a name", call)
    s.post("whole", call, name="diff whole", description="first", tags=[{"key": "a", "value": "1"}])
    s.post("a tag twice", call, name="diff twice", tags=[{"key": "a", "value": "1"}, {"key": "a", "value": "2"}])
    s.post("a tag without a key", call, name="diff keyless", tags=[{"value": "1"}])
    s.post("a tag without a value", call, name="diff valueless", tags=[{"key": "a"}])
    s.post("tags that are no list", call, name="diff odd tags", tags={"a": "1"})
    s.post("by the browser", AJAX + call, name="diff by the browser")
    s.call("by PUT instead", "PUT", call, {"name": "diff put"})
    for what, name in NAMES.items():
        s.get(f"name is {what}", "registered-models/get", name=name)
    s.get("missing", "registered-models/get", name="diff nobody")
    s.get("without a name", "registered-models/get")
    s.get("whole", "registered-models/get", name="diff whole")


def change(s: Session) -> None:
    call = "registered-models/update"
    s.patch("description", call, name="diff whole", description="second")
    s.patch("without a description", call, name="diff whole")
    s.get("cleared", "registered-models/get", name="diff whole")
    s.patch("long description", call, name="diff whole", description="d" * 5000)
    s.patch("description is a number", call, name="diff whole", description=5)
    s.patch("of a missing one", call, name="diff nobody", description="x")
    s.patch("without a name", call, description="x")
    call = "registered-models/rename"
    s.post("to a new name", call, name="diff whole", new_name="diff renamed")
    s.get("by the old name", "registered-models/get", name="diff whole")
    s.post("to a taken name", call, name="diff renamed", new_name=MODEL)
    s.post("to itself", call, name="diff renamed", new_name="diff renamed")
    s.post("to an odd name", call, name="diff renamed", new_name="a/b")
    s.post("to a blank name", call, name="diff renamed", new_name=" ")
    s.post("without a new name", call, name="diff renamed")
    s.post("of a missing one", call, name="diff nobody", new_name="diff somebody")
    # a name that a browser's form would send in the query
    s.call("in the query", "DELETE", f"{AJAX}registered-models/delete?name=diff+by+the+browser")


def tags(s: Session) -> None:
    def put(what, key, value="1", **more):
        s.post(what, "registered-models/set-tag", **{"name": MODEL, "key": key, "value": value, **more})

    put("new", "a")
    put("again", "a", "2")
    put("an odd key", "a$b/c d")
    put("a key of 250", "k" * 250)
    put("a key of 251", "k" * 251)
    put("an empty key", "")
    put("an empty value", "empty", "")
    put("a value of 100000", "long", "v" * 100_000)
    put("a value of 100001", "longer", "v" * 100_001)
    put("a number", "number", 5)
    put("of a missing one", "a", name="diff nobody")
    s.post("without a key", "registered-models/set-tag", name=MODEL, value="1")
    s.post("without a value", "registered-models/set-tag", name=MODEL, key="bare")

    def drop(what, key="a", **more):
        s.delete(what, "registered-models/delete-tag", **{"name": MODEL, "key": key, **more})

    drop("there")
    drop("gone")
    drop("long", "long")
    drop("of a missing one", name="diff nobody")
    drop("a key of 251", "k" * 251)
    s.delete("without a key", "registered-models/delete-tag", name=MODEL)
    s.get("with tags", "registered-models/get", name=MODEL)


def aliases(s: Session) -> None:
    call, where = "registered-models/alias", {"name": MODEL}
    s.get("latest of none", call, **where, alias="latest")
    for n in (1, 2):
        s.post(f"for aliases {n}", "model-versions/create", **where, source=f"s3://bucket/{n}")
    for what, alias in ALIASES.items():
        s.post(f"set {what}", call, **where, alias=alias, version="1")
    for what, alias in ALIASES.items():
        s.get(f"get {what}", call, **where, alias=alias)
    s.get("missing", call, **where, alias="nobody")
    s.get("of a missing model", call, name="diff nobody", alias="champion")
    s.get("without an alias", call, **where)
    s.get("in another case", call, **where, alias="CHAMPION")
    s.post("moved", call, **where, alias="champion", version="2")
    s.post("moved to itself", call, **where, alias="champion", version="2")
    s.post("to a missing version", call, **where, alias="champion", version="99")
    s.post("to a word", call, **where, alias="champion", version="x")
    s.post("to a number", call, **where, alias="champion", version=1)
    s.post("without a version", call, **where, alias="champion")
    s.post("set on a missing model", call, name="diff nobody", alias="champion", version="1")
    s.get("get moved", call, **where, alias="champion")
    s.get("with aliases", "registered-models/get", **where)
    s.get("with aliases", "model-versions/get", **where, version="1")
    s.delete("there", call, **where, alias="42")
    s.delete("gone", call, **where, alias="42")
    s.delete("an odd one", call, **where, alias="a b")
    s.delete("gone with its model", call, name="diff nobody", alias="champion")
    s.delete("delete without an alias", call, **where)
    # renaming takes aliases along, deleting a version lets them go
    s.post("with aliases", "registered-models/rename", **where, new_name="diff model 2")
    s.get("after a rename", call, name="diff model 2", alias="champion")
    s.delete("with an alias", "model-versions/delete", name="diff model 2", version="2")
    s.get("of a deleted version", call, name="diff model 2", alias="champion")
    s.get("latest after a deletion", call, name="diff model 2", alias="latest")
    s.post("to a deleted version", call, name="diff model 2", alias="champion", version="2")


def life(s: Session) -> None:
    call, name = "registered-models/delete", "diff to delete"
    s.post("to delete", "registered-models/create", name=name, tags=[{"key": "a", "value": "1"}])
    s.post("to delete", "model-versions/create", name=name, source="s3://bucket/1")
    s.post("to delete", "registered-models/alias", name=name, alias="a", version="1")
    s.delete("once", call, name=name)
    s.delete("twice", call, name=name)
    s.delete("delete without a name", call)
    s.get("of a deleted model", "model-versions/get", name=name, version="1")
    s.patch("of a deleted one", "registered-models/update", name=name, description="x")
    s.post("made again", "registered-models/create", name=name)
    s.get("made again", "registered-models/get", name=name)
    s.post("first of the new one", "model-versions/create", name=name, source="s3://bucket/1")
    s.get("alias of the old one", "registered-models/alias", name=name, alias="a")
    s.delete("in the end", call, name=name)
