from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experts.directory import reasons
from experts.directory.ranking import MAX_A_WEEK, MAX_OPEN, ExpertFacts, ranked
from experts.directory.workload import Load
from experts.models import Expert

HOUR = timedelta(hours=1)
ANA = ExpertFacts(1, "Ana", words=("runner",))
BEN = ExpertFacts(2, "Ben", words=("runner",))


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"words": ("runner", "proxy")}, {}),
        ({}, {"distance": 1}),
        ({"answered_like": 1}, {}),
        ({"is_default": True}, {"answered_like": 5}),
        ({}, {"works_in": 5 * HOUR}),
        ({"works_in": 2 * HOUR}, {"works_in": 9 * HOUR}),
        ({}, {"load": Load(open=1)}),
        ({}, {"load": Load(this_week=1)}),
        ({"load": Load(ended=4, answered=4)}, {"load": Load(ended=4, answered=1)}),
        ({"load": Load(latency=HOUR)}, {"load": Load(latency=9 * HOUR)}),
        ({"role": Expert.Role.ENGINEERING_MANAGER}, {"role": Expert.Role.PRODUCT_MANAGER}),
        ({"role": Expert.Role.TECHNICAL_WRITER}, {"role": Expert.Role.PRODUCT_MANAGER, "answered_like": 4}),
        ({}, {"speaks": False, "is_default": True, "answered_like": 5}),
        ({"speaks": True}, {}),
        ({"works_in": 24 * HOUR}, {"load": Load(open=MAX_OPEN), "is_default": True, "answered_like": 5}),
        ({"works_in": 24 * HOUR}, {"load": Load(this_week=MAX_A_WEEK), "is_default": True}),
        ({"is_author": True, "words": (), "load": Load(open=MAX_OPEN)}, {"is_default": True, "answered_like": 5}),
    ],
)
def test_table_of_who_comes_first(better, worse):
    first, second = replace(BEN, **better), replace(ANA, **worse)
    assert ranked([second, first]) == [first, second]
    assert ranked([first, second]) == [first, second]


def test_equals_come_by_name():
    assert [facts.name for facts in ranked([BEN, ANA])] == ["Ana", "Ben"]


loads = st.builds(
    Load,
    open=st.integers(0, 6),
    this_week=st.integers(0, 9),
    ended=st.integers(5, 9),
    answered=st.integers(0, 4),
    latency=st.none() | st.integers(0, 90).map(lambda n: n * HOUR),
)
people = st.lists(
    st.builds(
        ExpertFacts,
        expert=st.integers(1, 1000),
        name=st.sampled_from(["Ana", "Ben", "Cyd"]),
        is_absent=st.booleans(),
        is_author=st.booleans(),
        is_default=st.booleans(),
        words=st.sampled_from([(), ("ci",), ("ci", "runner")]),
        distance=st.integers(0, 3),
        answered_like=st.integers(0, 7),
        works_in=st.integers(0, 72).map(lambda n: n * HOUR),
        speaks=st.none() | st.booleans(),
        role=st.sampled_from(["", *Expert.Role.values]),
        load=loads,
    ),
    min_size=1,
    max_size=7,
    unique_by=lambda facts: facts.expert,
)
burdens = st.sampled_from(
    [
        lambda f: replace(f, load=replace(f.load, open=f.load.open + 1)),
        lambda f: replace(f, load=replace(f.load, this_week=f.load.this_week + 1)),
        lambda f: replace(f, load=replace(f.load, ended=f.load.ended + 1)),
        lambda f: replace(f, load=replace(f.load, latency=(f.load.latency or 8 * HOUR) + HOUR)),
        lambda f: replace(f, works_in=f.works_in + HOUR),
        lambda f: replace(f, distance=f.distance + 1),
        lambda f: replace(f, speaks=False),
    ]
)
merits = st.sampled_from(
    [
        lambda f: replace(f, answered_like=f.answered_like + 1),
        lambda f: replace(f, is_default=True),
        lambda f: replace(f, is_author=True),
        lambda f: replace(f, words=(*f.words, "proxy")),
        lambda f: replace(f, load=replace(f.load, answered=f.load.answered + 1)),
    ]
)


def place(listed, expert):
    return next((n for n, facts in enumerate(ranked(listed)) if facts.expert == expert), None)


@given(people, burdens)
def test_a_burden_never_raises_anybody(listed, burden):
    before, after = place(listed, listed[0].expert), place([burden(listed[0]), *listed[1:]], listed[0].expert)
    assert before == after or before < after


@given(people, merits)
def test_a_merit_never_lowers_anybody(listed, merit):
    before, after = place(listed, listed[0].expert), place([merit(listed[0]), *listed[1:]], listed[0].expert)
    assert before == after or after < before


@given(people, st.randoms())
def test_order_given_does_not_matter_and_nobody_absent_is_suggested(listed, random):
    shuffled = random.sample(listed, len(listed))
    assert ranked(shuffled) == ranked(listed)
    assert {f.expert for f in ranked(listed)} == {f.expert for f in listed if not f.is_absent}


def test_reasons_say_what_counts():
    facts = replace(
        ANA, is_default=True, answered_like=3, load=Load(open=1, this_week=2, ended=4, answered=3, latency=2.5 * HOUR)
    )
    assert " · ".join(reasons.of(facts, "Verify", "")) == (
        "asked first about Verify · answered 3 like this · Verify: runner · working hours · 1 open request"
        " · asked 2 times this week · answers 75% · usually within 3 hours"
    )


@pytest.mark.parametrize(
    ("changed", "language", "said"),
    [
        ({"works_in": 30 * HOUR}, "", "back at work in 30 hours"),
        ({"works_in": 61 * HOUR}, "", "back at work in 3 days"),
        ({"speaks": True}, "de", "speaks German"),
        ({"speaks": False}, "ja", "does not speak Japanese"),
        ({"speaks": False}, "xx", "does not speak xx"),
        ({"role": Expert.Role.PRODUCT_MANAGER}, "", "product manager: others come first"),
        ({"is_author": True}, "", "wrote this post"),
    ],
)
def test_a_reason_for_each_fact(changed, language, said):
    assert said in reasons.of(replace(ANA, **changed), "Verify", language)
