"""Names, disclosures and places: examples beyond the labelled answers."""

import pytest

from experts.recognising.affiliations import says_it_works_here
from experts.recognising.names import same_name
from experts.recognising.nearness import Place, Tree


@pytest.mark.parametrize(
    ("theirs", "known", "same"),
    [
        (["Nadia Petrova", "x"], ["nadia petrova"], True),
        (["", "nadia_petrova"], ["Nadia Petrova"], True),
        (["Nadia P."], ["Nadia Petrova"], False),
        (["jo"], ["Jo"], False),
        ([""], [""], False),
        (["Łukasz Dąbrowski"], ["Lukasz Dabrowski"], True),
        (["bjorn.asa"], ["Björn Åsa"], True),
        (["bjoernaasa"], ["Björn Åsa"], True),
        (["王小明"], ["王小明"], True),
        (["Mary Ann Lee, PhD"], ["Mary-Ann Lee"], True),
        (["maryannl"], ["Mary Ann Lee"], True),
        (["mlee"], ["Mary Lee"], True),
        (["Mary Leeds"], ["Mary Lee"], False),
        (["mary"], ["Mary Lee"], False),
        (["lee"], ["Mary Lee"], False),
        (["---"], ["Mary Lee"], False),
        (["(Mary Lee)"], ["Mary Lee"], True),
    ],
)
def test_same_name(theirs, known, same):
    assert same_name(theirs, known) is same


@pytest.mark.parametrize(
    ("text", "is_said"),
    [
        ("Hey, Acme developer here. That is a bug.", True),
        ("I’m a designer at ACME, thanks for this!", True),
        ("Some words first.\n\n(Disclaimer: I work for Acme)", True),
        ("I have been working at Acme since 2019", True),
        ("I'm the founder of Acme and I read this with joy", True),
        ("I don't work at Acme", False),
        ("> I work at Acme\n\nGood for you.", False),
        ("I work at Acmeville", False),
        ("Acme is great, I use it at work", False),
        ("The engineers at Acme don't care", False),
        ("", False),
    ],
)
def test_says_it_works_here(text, is_said):
    assert says_it_works_here(text, "Acme") is is_said


def test_nobody_works_for_a_company_without_a_name():
    assert not says_it_works_here("I work at Acme", "")


TREE = Tree("story", {"a": "story", "a1": "a", "a2": "a1", "b": "story", "b1": "b", "loop": "pool", "pool": "loop"})


@pytest.mark.parametrize(
    ("parent", "place"),
    [
        ("", Place.BESIDE),
        ("story", Place.BESIDE),
        ("a1", Place.BELOW),
        ("a2", Place.BELOW),
        ("a", Place.ABOVE),
        ("b1", Place.APART),
        ("gone", Place.UNKNOWN),
        ("loop", Place.APART),
    ],
)
def test_place_in_the_thread_as_seen_from_a_ticket(parent, place):
    assert TREE.place(parent, frozenset({"a1"})) is place


def test_answer_to_the_posts_own_thread_is_below_a_ticket_that_began_it():
    assert TREE.place("story", frozenset({"story"})) is Place.BELOW
