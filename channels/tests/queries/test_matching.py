from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.contract import Attachment, Author, Mention
from channels.queries.matching import Query, QueryError, Subject, parse, subject_of
from channels.tests.growth import assert_linear

MENTION = Mention(
    "1",
    "Thread9",
    Author("u17", "@Jane_Dev", "Jane D."),
    None,
    "How do I install the Acme Runner?\n我用acme很好. C++11, foo@acme.example",
    subject="Help with cafe\u0301",
    thread_title="Acme 4.2 is out",
    url="https://news.forum.example/t/1",
    about_url="https://www.acme.example/blog?x=jobs.example",
    links=("https://docs.acme.example:8080/a", "http://[broken"),
    language="en_GB",
    parent_id="0",
    addressed=(("AcmeStatus", "help@acme.example"),),
    is_auto=True,
)


def matches(query: str, mention: Mention = MENTION) -> bool:
    return parse(query).matches(subject_of(mention))


@pytest.mark.parametrize(
    "query",
    [
        "",
        "acme",
        "ACME runner",
        '"acme runner"',
        "“the acme”",
        "„install the”",
        '"acme  runner"',
        "instal*",
        '"the acme run"*',
        "=Acme",
        "=acme",
        'case:"Acme Runner"',
        "café",
        "cafe\u0301",
        "acme AND runner",
        "missing OR acme",
        "(missing OR acme) (runner OR nobody)",
        "acme missing OR install",
        "-missing",
        "NOT missing acme",
        "NOT NOT acme",
        "-(missing acme)",
        "-author:bob",
        "author:jane_dev",
        "author:@JANE_DEV",
        "author:u17",
        'author:"jane d."',
        "author:jane*",
        "author:*dev",
        "site:forum.example",
        "site:acme.example",
        "site:docs.acme.example",
        "site:https://www.acme.example/",
        "lang:en",
        "lang:en-gb",
        'title:"acme 4.2"',
        "title:help",
        "is:auto",
        "is:reply",
        "has:link",
        "-is:own",
        "-has:attachment",
        "in:acmestatus",
        "in:@AcmeStatus",
        "in:thread9",
        "很好",
        "foo@acme.example",
        '"c++11,"',
        "or OR acme",
    ],
)
def test_query_matches(query: str) -> None:
    assert matches(query)


@pytest.mark.parametrize(
    "query",
    [
        "acm",
        "runners",
        '"runner acme"',
        "=ACME",
        'case:"acme runner"',
        "acme missing",
        "-acme",
        "out",  # only in the thread's title
        "title:install",
        "author:jane",
        "author:u1",
        "site:cme.example",
        "site:jobs.example",
        "lang:e",
        "lang:de",
        "is:own",
        "has:attachment",
        "in:acme",
        "@acme.example",
        "c++",
    ],
)
def test_query_does_not_match(query: str) -> None:
    if query == "lang:e":
        with pytest.raises(QueryError):
            parse(query)
    else:
        assert not matches(query)


def test_address_domain_of_an_author() -> None:
    mail = Mention("1", "1", Author("bot@ci.acme.example", None, None), None, "x")
    assert matches("author:@ci.acme.example", mail)
    assert matches("author:*@*.acme.example", mail)
    assert not matches("author:@acme.example", mail)


def test_phrase_does_not_reach_from_the_subject_into_the_text() -> None:
    assert not matches('"acme runner"', Mention("1", "1", Author("a"), None, "runner", subject="acme"))


def test_attachment_and_own_are_seen() -> None:
    file = Attachment("a", "text/plain", 1, "x")
    assert matches("has:attachment is:own", Mention("1", "1", Author("a"), None, "", attachments=(file,), is_own=True))


@pytest.mark.parametrize(
    ("query", "position", "words"),
    [
        ("acme (runner", 5, "not closed"),
        ("acme )", 5, "no opening one"),
        ('acme "runner', 5, "not closed"),
        ("acme ”", 5, "no opening quote"),
        ("acme OR", 7, "a term is missing"),
        ("OR acme", 0, "OR needs a word on both sides"),
        ("acme AND OR x", 9, "OR needs a word on both sides"),
        ("acme NOT", 8, "a term is missing"),
        ("acme - x", 5, "without a space"),
        ("()", 1, "before this parenthesis"),
        ('x ""', 2, "quotes are empty"),
        ("x foo:bar", 2, "no filter “foo:”"),
        ("author:", 0, "needs a value"),
        ("author:*", 0, "needs a handle"),
        ("is:nice", 0, "is:own, is:auto, is:reply"),
        ("has:fun", 0, "has:link, has:attachment"),
        ("lang:english", 0, "language code"),
        ("site:a/b", 0, "only a host name"),
        ("a*b", 0, "only at the end"),
        ("*", 0, "start of a word"),
        ("=", 0, "=Acme"),
        ("x" * 4001, 4000, "too long"),
        ("x " * 301, 601, "too many"),
        ("(" * 41 + "x" + ")" * 41, 40, "too deeply"),
    ],
)
def test_error_says_where_and_what_to_do(query: str, position: int, words: str) -> None:
    with pytest.raises(QueryError, match=words) as raised:
        parse(query)
    assert raised.value.position == position
    assert str(raised.value).startswith(f"At character {position + 1}: ")


def test_explanation_names_the_parts_that_decided() -> None:
    subject = subject_of(MENTION)

    def reasons(text: str) -> list[tuple[str, bool, bool]]:
        return [(c.source, c.found, c.wanted) for c in parse(text).explain(subject)]

    assert reasons("acme -spam") == [("acme", True, True), ("spam", False, False)]
    assert reasons("acme missing gone") == [("missing", False, True)]
    assert reasons("missing OR acme OR runner") == [("acme", True, True), ("runner", True, True)]
    assert reasons("missing OR gone") == [("missing", False, True), ("gone", False, True)]
    assert reasons("runner -acme") == [("acme", True, False)]
    assert reasons("-(acme missing)") == [("missing", False, False)]
    assert reasons("") == []
    spans = parse("acme").explain(subject)[0].spans
    assert [subject.text[s.start : s.end] for s in spans] == ["Acme", "acme", "acme"]


WORDS = st.sampled_from(
    ["acme", "runner", '"acme runner"', "inst*", "=Acme", "author:jane", "lang:en", "is:reply", "很"]
)
QUERIES = st.recursive(
    WORDS,
    lambda inner: st.one_of(
        st.builds("({} {})".format, inner, inner),
        st.builds("({} OR {})".format, inner, inner),
        st.builds("NOT {}".format, inner),
        st.builds("({} AND NOT {})".format, inner, inner),
    ),
    max_leaves=12,
)
TEXTS = st.text(st.sampled_from(list("acme runer instl很 \nA.éſK")), max_size=60) | st.text(max_size=60)
MENTIONS = st.builds(
    Mention,
    st.just("1"),
    st.text(max_size=5),
    st.builds(Author, st.text(max_size=6), st.none() | st.text(max_size=6)),
    st.none(),
    TEXTS,
    subject=st.none() | TEXTS,
    url=st.none() | TEXTS,
    language=st.none() | st.sampled_from(["en", "en-GB", "de"]),
    parent_id=st.none() | st.just("x"),
)


@given(st.text(st.sampled_from(list('()-=*:"“”„«» acmeORNTD\t\0@.')) | st.characters(), max_size=60))
@settings(deadline=None)
def test_any_text_is_a_query_or_a_query_error(text: str) -> None:
    try:
        parsed = parse(text)
    except QueryError as error:
        place = error.position
    else:
        place = 0
        assert parsed.matches(subject_of(MENTION)) in (True, False)
        parsed.explain(subject_of(MENTION))
    assert 0 <= place <= len(text)


@given(QUERIES, QUERIES, MENTIONS)
@settings(deadline=None)
def test_logic_of_queries(one: str, other: str, mention: Mention) -> None:
    subject = subject_of(mention)

    def holds(text: str) -> bool:
        return parse(text).matches(subject)

    assert holds(f"-({one})") is not holds(one)
    assert holds(f"NOT ({one})") is not holds(one)
    assert holds(f"({one}) ({other})") is (holds(one) and holds(other))
    assert holds(f"({one}) OR ({other})") is (holds(one) or holds(other))
    assert holds(f"-({one} OR {other})") is holds(f"-({one}) -({other})")


@given(QUERIES, MENTIONS)
@settings(deadline=None)
def test_explanation_agrees_with_the_match(text: str, mention: Mention) -> None:
    query, subject = parse(text), subject_of(mention)
    clauses = query.explain(subject)
    assert clauses
    if query.matches(subject):
        assert all(clause.found is clause.wanted for clause in clauses)
    else:
        assert any(clause.found is not clause.wanted for clause in clauses)


@given(st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8), min_size=1, max_size=5))
@settings(deadline=None)
def test_every_word_of_a_text_is_found_in_it(words: list[str]) -> None:
    subject = subject_of(Mention("1", "1", Author("a"), None, " . ".join(words)))
    for word in words:
        assert parse(f'"{word}"').matches(subject)
        assert parse(f'="{word}"').matches(subject)


def test_query_is_compiled_once() -> None:
    text = " OR ".join(f'"phrase number {n}"' for n in range(100))
    assert parse(text) is parse(text)
    query: Query = parse(text)
    subject: Subject = subject_of(Mention("1", "1", Author("a"), None, "lorem ipsum " * 2000))
    assert not query.matches(subject)


def test_hostile_text_costs_linear_time() -> None:
    query = parse('"a a a b" OR author:*a*b*c*d')

    def asked(size: int) -> None:
        text = "a " * size + " " * size
        assert not query.matches(subject_of(Mention("1", "1", Author("*" * (size // 20)), None, text)))

    assert_linear(asked, 100_000)
