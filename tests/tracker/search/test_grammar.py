import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidFilter
from tracker.search import grammar, lexer
from tracker.search.grammar import PAGES, WIRE, parse
from tracker.search.kinds import EXPERIMENTS, LOGGED_MODELS, RUNS
from tracker.search.ordering import MAX_TERMS, parse_order
from tracker.search.tree import All, AnyOf, Comparison, Not, Text

NOW = 1_800_000_000_000
DAY = 86_400_000


def page(text, kind=RUNS):
    return parse(text, kind, dialect=PAGES, now_ms=NOW)


def one(text, kind=RUNS, dialect=WIRE):
    """Return what the only comparison says, without its position."""
    node = parse(text, kind, dialect=dialect, now_ms=NOW)
    node = node.parts[0] if isinstance(node, All) else node
    return node.entity, node.key, node.operator, node.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("metrics.loss < 0.5", ("metric", "loss", "<", 0.5)),
        ("metrics.`val loss` >= -1e-3", ("metric", "val loss", ">=", -0.001)),
        ('params."a/b" = "it\'s"', ("parameter", "a/b", "=", "it's")),
        ("tags.mlflow.parentRunId like 'a%'", ("tag", "mlflow.parentRunId", "LIKE", "a%")),
        ("tag.x is not null", ("tag", "x", "IS NOT NULL", None)),
        ("run_id NOT IN ('a', \"b\")", ("attribute", "run_id", "NOT IN", ("a", "b"))),
        ("Created > 5", ("attribute", "start_time", ">", 5)),
        ("attributes.`Run name` = 'x'", ("attribute", "run_name", "=", "x")),
        ("datasets.context != 'train'", ("dataset", "context", "!=", "train")),
        ("params.a = 'it''s'", ("parameter", "a", "=", "it''s")),
    ],
)
def test_a_comparison_is_read(text, expected):
    assert one(text) == expected


def test_infinity_is_compared_as_it_is_stored():
    assert one("metrics.a > 1e999")[3] == 1.7976931348623157e308


def test_whole_numbers_beyond_the_columns_stay_comparable():
    assert one("start_time < 99999999999999999999")[3] == 1e20


@pytest.mark.parametrize("name", ["it's", "rock 'n' roll", "'", "a''b"])
def test_a_logged_model_is_found_by_a_name_with_quotes(name):
    assert one(f"name = '{name}'", LOGGED_MODELS) == ("attribute", "name", "=", name)


def test_leniency_with_quotes_swallows_no_second_clause():
    with pytest.raises(InvalidFilter):
        parse("name = 'a' OR name = 'b'", LOGGED_MODELS)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("metrics.a > 1 OR metrics.b > 2", 14),
        ("params.a = x", 11),
        ("  foo.bar = 1", 2),
        ("tags.a = 'x", 9),
        ("metrics.a >", 11),
        ("status IN ('a')", 7),
        ("metrics.a > 1; x", 13),
    ],
)
def test_an_error_says_where(text, position):
    with pytest.raises(InvalidFilter) as caught:
        parse(text, RUNS)

    assert caught.value.position == position


# Pages ------------------------------------------------------------------------------------------------------


def test_pages_combine_with_or_not_and_parentheses():
    node = page("metrics.a > 1 and (status = 'FAILED' or not tags.b = 'x')")

    assert isinstance(node, All)
    assert isinstance(node.parts[1], AnyOf)
    assert isinstance(node.parts[1].parts[1], Not)


def test_or_binds_weaker_than_and():
    node = page("foo bar or baz")

    assert node == AnyOf((All((Text("foo", 0), Text("bar", 4))), Text("baz", 11)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("metrics.loss.min < 1", ("loss", "min")),
        ("metrics.`loss.min` < 1", ("loss.min", "last")),
        ("metrics.`val loss`.max < 1", ("val loss", "max")),
        ("metrics.a.b.mean < 1", ("a.b", "mean")),
        ("metrics.system/cpu-0 < 1", ("system/cpu-0", "last")),
    ],
)
def test_pages_name_a_column_of_the_rollup(text, expected):
    node = page(text)

    assert (node.key, node.field) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("start_time > -7d", NOW - 7 * DAY),
        ("start_time > -1.5h", NOW - 5_400_000),
        ("start_time < +1w", NOW + 7 * DAY),
        ("start_time >= '2026-05-03'", 1_777_766_400_000),
        ("start_time >= 2026-05-03T00:00:00+02:00", 1_777_759_200_000),
        ("duration > 90s", 90_000),
        ("start_time > 1e3", 1000),
    ],
)
def test_pages_take_spans_and_dates(text, value):
    assert page(text).value == value


def test_pages_take_lists_for_every_text():
    assert one("params.model IN ('a', 'b')", dialect=PAGES) == ("parameter", "model", "IN", ("a", "b"))


def test_pages_negate_like():
    assert page("status NOT LIKE 'F%'") == Not(Comparison("attribute", "status", "LIKE", "F%"))


def test_words_that_could_be_operators_are_words_where_nothing_is_compared():
    assert page("train in house") == All((Text("train", 0), Text("in", 6), Text("house", 9)))


def test_what_pages_add_stays_off_the_wire():
    for text in (
        "duration > 5",
        "author = 'ada'",
        "metrics.a > 1 OR metrics.b > 2",
        "start_time > -7d",
        "foo",
        "NOT status = 'x'",
    ):
        with pytest.raises(InvalidFilter):
            parse(text, RUNS)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("metrics.a > 1 OR metrics.b > 2", "'OR'. Clauses are joined by AND alone"),
        ("NOT metrics.a > 1", "the search on the pages knows OR, NOT and parentheses"),
        ("(metrics.a > 1)", "joined by AND alone"),
        ("accuracy > 0.9", "is written metrics.accuracy or params.accuracy or tags.accuracy"),
        ("metrics.val loss > 1", "'loss'. A comparison such as = or LIKE follows a name; a key with more than"),
        ("metrics.system/cpu > 1", "stands in backticks: metrics.`a/b c`"),
        ("params.lr > 0.1", "Params and tags are texts"),
        ("start_time > '2026-05-03'", "start_time, in milliseconds since 1970"),
        ("metrics.a IS NULL", "only supported for parameters and tags, not for 'metric' 'a'"),
    ],
)
def test_a_refusal_says_what_to_write_instead(text, says):
    assert says in str(refusal(parse, text, RUNS))


def test_what_no_kind_takes_is_not_said_to_be_for_tags():
    assert (
        str(refusal(parse, "tags.a IS NULL", LOGGED_MODELS)) == "IS NULL / IS NOT NULL is not supported in this search"
    )


def test_whatever_the_wire_takes_pages_take():
    for text in ("metrics.a > 1 AND tags.b = 'x'", "run_id IN ('a')", "tags.a IS NULL", "attr.start_time > 5"):
        assert page(text) is not None


# Limits -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", [WIRE, PAGES])
@pytest.mark.parametrize(
    "text",
    [
        " AND ".join(["metrics.a > 1"] * 10_000),
        "(" * 1000 + "metrics.a > 1" + ")" * 1000,
        "NOT " * 1000 + "metrics.a > 1",
        "params.a LIKE '" + "%" * 60_000 + "'",
        "a" * (lexer.MAX_LENGTH + 1),
        "run_id IN (" + ",".join(["'a'"] * (grammar.MAX_LIST + 1)) + ")",
        "tags.`" + "k" * 5000 + "` = 'x'",
        "params.a = 'x\0'",
        "params.a = '\ud800'",
    ],
    ids=["clauses", "parentheses", "nots", "pattern", "length", "list", "key", "nul", "surrogate"],
)
def test_what_is_too_much_is_refused(text, dialect):
    with pytest.raises(InvalidFilter):
        parse(text, RUNS, dialect=dialect)


def test_a_number_of_any_length_is_one():
    assert one("metrics.a > " + "9" * 5000)[3] == 1.7976931348623157e308


def test_ten_thousand_ids_fit():
    ids = ",".join(f"'{n:032x}'" for n in range(10_000))

    assert len(one(f"attributes.run_id IN ({ids})")[3]) == 10_000


def test_an_ordering_has_an_end():
    with pytest.raises(InvalidFilter):
        parse_order([f"metrics.m{n}" for n in range(MAX_TERMS + 1)], RUNS)


def test_a_column_is_sorted_by_once():
    with pytest.raises(InvalidFilter, match="duplicate"):
        parse_order(["metrics.a", "metrics.a DESC"], RUNS)


def refusal(read, *args, **options) -> InvalidFilter | None:
    try:
        read(*args, **options)
    except InvalidFilter as error:
        return error
    return None


PIECES = st.sampled_from(
    [
        "metrics",
        ".",
        "a",
        "loss",
        "params",
        "tags",
        "`",
        "'",
        '"',
        "(",
        ")",
        ",",
        "AND",
        "OR",
        "NOT",
        "IN",
        "IS",
        "NULL",
        "LIKE",
        "=",
        "!=",
        "<",
        ">",
        ">=",
        "1",
        "-1",
        "1e9",
        "-7d",
        "start_time",
        "run_id",
        "é",
        "\n",
        "\t",
        "%",
        "_",
        "*",
        "[",
        "]",
        "\\",
        ";",
        "--",
        "😀",
    ]
)


@given(
    text=st.one_of(
        st.text(max_size=60), st.lists(PIECES, max_size=25).map(" ".join), st.lists(PIECES, max_size=25).map("".join)
    ),
    kind=st.sampled_from([RUNS, EXPERIMENTS, LOGGED_MODELS]),
    dialect=st.sampled_from([WIRE, PAGES]),
)
@settings(max_examples=1500, deadline=None)
def test_any_text_is_read_or_refused_with_a_position(text, kind, dialect):
    for refused in (
        refusal(parse, text, kind, dialect=dialect, now_ms=NOW),
        refusal(parse_order, [text], kind, dialect=dialect),
    ):
        assert refused is None or refused.position is None or 0 <= refused.position <= len(text)
