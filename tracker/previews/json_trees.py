"""A JSON document as a tree that folds: one flat list, in which what opens is closed again."""

import json
from typing import Any, NamedTuple

from tracker.models import Artifact
from tracker.previews import tables
from tracker.previews.reading import Preview, Unreadable, decode, whole

MAX_NODES = 2_000
MAX_DEPTH = 30
MAX_TEXT = 400
OPEN_DEPTH = 2


class Node(NamedTuple):
    """`kind`: open or close (what has children), or leaf; `type` says what a leaf is: string, number, word, more."""

    kind: str
    key: str = ""
    text: str = ""
    type: str = ""
    is_open: bool = False


def json_file(artifact: Artifact) -> Preview:
    found = decode(whole(artifact))
    try:
        value = json.loads(found.text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"It is not JSON that can be read ({_reason(error)}).")
    as_table = tables.split_oriented(value)
    if as_table is not None:
        return Preview("table", as_table)
    nodes = tree(value)
    note = f"These are its first {MAX_NODES:,} values." if len(nodes) >= MAX_NODES else ""
    return Preview("json", nodes, note)


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}, column {error.colno}: {error.msg[:100]}"
    return "it is nested too deeply" if isinstance(error, RecursionError) else "a number in it is too long"


def tree(value: Any) -> list[Node]:
    """
    >>> [(node.kind, node.key, node.text) for node in tree({"lr": 0.1})]
    [('open', '', '{1 key}'), ('leaf', 'lr', '0.1'), ('close', '', '')]
    """
    nodes: list[Node] = []
    _add(nodes, "", value, 0)
    return nodes


def _add(nodes: list[Node], key: str, value: Any, depth: int) -> None:
    if not isinstance(value, (dict, list)) or not value:
        nodes.append(_leaf(key, value))
        return
    if depth >= MAX_DEPTH:
        nodes.append(Node("leaf", key, "nested too deeply to be shown", "more"))
        return
    nodes.append(Node("open", key, _extent(value), is_open=depth < OPEN_DEPTH))
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for name, item in items:
        if len(nodes) >= MAX_NODES:
            nodes.append(Node("leaf", "", "…", "more"))
            break
        _add(nodes, str(name)[:MAX_TEXT], item, depth + 1)
    nodes.append(Node("close"))


def _extent(value: dict | list) -> str:
    num = len(value)
    if isinstance(value, dict):
        return f"{{{num:,} {'key' if num == 1 else 'keys'}}}"
    return f"[{num:,} {'item' if num == 1 else 'items'}]"


def _leaf(key: str, value: Any) -> Node:
    if isinstance(value, str):
        text = json.dumps(value[:MAX_TEXT], ensure_ascii=False)
        return Node("leaf", key, f"{text[:-1]}…" if len(value) > MAX_TEXT else text, "string")
    if isinstance(value, (dict, list)):
        return Node("leaf", key, "{}" if isinstance(value, dict) else "[]", "word")
    kind = "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else "word"
    return Node("leaf", key, json.dumps(value), kind)
