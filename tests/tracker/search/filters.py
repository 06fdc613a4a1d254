"""Filters to try: written by hand, and made from pieces of them."""

import random

VALUES = [
    "1", "-1", ".5", "-.5", "1.", "0.25", "1e3", "1e-3", "1.5E3", "99999999999999999999", "1e400",
    "'x'", '"x"', "''", "'it''s'", "'a\\'b'", "\"it's\"", "'%x_'", "'1'", "'A b'", "'é'",
    "('a')", "('a', 'b')", "('a',)", '("a","b")', "()", "(1)", "('a', 2)", "x", "nan", "+1", "0x1", "1_0", "1e+3", "`x`",
    "NULL", "metrics.b", "",
]  # fmt: skip

OPERATORS = [
    "=", "!=", "<", "<=", ">", ">=", "LIKE", "like", "ILIKE", "Ilike", "IN", "in", "NOT IN", "not in",
    "==", "<>", "=!", "~", "RLIKE", "NOT LIKE", "IS", "IS NULL", "is null", "IS NOT NULL", "is not null", "",
]  # fmt: skip

NAMES = [
    "metrics.a", "metric.a", "metrics.`a b`", 'metrics."a b"', "metrics.'a b'", "`metrics`.a", "metrics.acc.b.c", "metrics._a",
    "metrics.é", "metrics.5fold", "metrics.class", "metrics", "Metrics.a", "metrics.a-b", "metrics.a/b", "metrics.a:b", "metrics.a$b",
    "params.a", "param.a", "parameter.a", "parameters.a", "params.`a/b`", "params.order",
    "tags.a", "tag.a", "tags.mlflow.parentRunId", "tags.`mlflow.user`", "tags.select",
    "attributes.run_id", "attribute.run_id", "attr.run_id", "run.run_id", "run_id", "run_name", "status", "user_id", "artifact_uri",
    "start_time", "end_time", "created", "Created", "attributes.start_time", "attributes.`Run name`", '"start_time"', "`start_time`",
    "datasets.name", "dataset.digest", "datasets.context", "datasets.foo", "foo.bar", "lifecycle_stage", "run_uuid",
    "name", "attribute.name", "attributes.name", "experiment_id", "attribute.experiment_id", "creation_time", "last_update_time",
    "attribute.creation_time", "model_id", "model_type", "source_run_id", "creation_timestamp", "creation_timestamp_ms",
    "last_updated_timestamp", "last_updated_timestamp_ms", "'start_time'", "5", "", "metrics.a.min",
]  # fmt: skip

WHOLE = [
    "AND", "and metrics.a > 1", "metrics.a > 1 AND", "metrics.a > 1 AND AND metrics.b > 2", "metrics.a>1 metrics.b>2",
    "params.a='x'AND params.b='y'", "params.a='x'params.b='y'", "tags.a = 'x' and\ttags.b = 'y'", "metrics.a\n>\n1",
    "metrics.a>1;", "metrics.a>1 -- x", "metrics.a>1 # x", "metrics.a>1 /* x */", "(metrics.a>1)", "((metrics.a>1))", "metrics.a>(1)",
    "tags.a = 'x' OR tags.b = 'y'", "NOT tags.a = 'x'", "tags.a = 'x', tags.b = 'y'", "metrics.a>1,metrics.b>2",
    "tags.`x", "tags.a = 'x", "tags.a = \"x", "1 > metrics.a", "metrics.a > = 1", "metrics.a ! = 1", "  ", "\n", ";", ",", "(", ")", "'", "=",
    "metrics.a > 1 AND run_id IN ('a') AND tags.b IS NULL", "tags.b IS NULL AND metrics.a > 1", "run_id IN 'a'", "run_id IN (a)",
    "metrics.a > 1 OR", "SELECT 1", "metrics.a > 1; DROP TABLE runs", "metrics.a > 1 AND tags.b = 'x' AND params.c LIKE 'y%'",
    "user__password__startswith = 'a'", "attributes.created_by__password LIKE 'a%'", "tags.a__b = 'x'", "metrics.a BETWEEN 1 AND 2",
    "source_run_id = 'a' AND name = 'b'", "name='a'AND model_id='b'",
]  # fmt: skip


def combinations(number: int, seed: int = 1) -> list[str]:
    """Return that many filters of one to three clauses, sound ones more often than chance would make them."""
    dice = random.Random(seed)
    made = []
    for _ in range(number):
        clauses = [_clause(dice) for _ in range(dice.choice([1, 1, 1, 2, 3]))]
        made.append(_joined(dice, clauses))
    return made


def _joined(dice: random.Random, clauses: list[str]) -> str:
    text = clauses[0]
    for clause in clauses[1:]:
        # without AND in front sqlparse takes the name of an IN or IS clause for an alias of what stands before
        may_lack_and = not any(word in clause.upper() for word in (" IN ", " IS "))
        text += dice.choice([" AND ", " and ", " "] if may_lack_and else [" AND "]) + clause
    return text


def _clause(dice: random.Random) -> str:
    name = dice.choice(NAMES)
    is_sound = dice.random() < 0.7
    operator = dice.choice(_operators_for(name) if is_sound else OPERATORS)
    if "NULL" in operator.upper():
        return f"{name} {operator}"
    value = dice.choice(_values_for(name, operator) if is_sound else VALUES)
    space = dice.choice([" ", "", " "]) if operator and not operator[0].isalpha() else " "
    return f"{name}{space}{operator}{space}{value}"


def _is_number(name: str) -> bool:
    return any(word in name.lower() for word in ("metric", "time", "created", "timestamp")) and "tag" not in name


def _operators_for(name: str) -> list[str]:
    if _is_number(name):
        return ["=", "!=", "<", "<=", ">", ">="]
    return ["=", "!=", "LIKE", "like", "ILIKE", "IN", "NOT IN", "in", "IS NULL", "IS NOT NULL"]


def _values_for(name: str, operator: str) -> list[str]:
    if _is_number(name):
        return [value for value in VALUES if value[:1] in "-.0123456789" and value]
    if operator.upper().endswith("IN"):
        return [value for value in VALUES if value.startswith("(")]
    return [value for value in VALUES if value[:1] in ("'", '"')]
