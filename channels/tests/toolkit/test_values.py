"""Single values of a platform's JSON."""

from datetime import UTC, datetime

import pytest

from channels.contract import Author, Config
from channels.toolkit.values import drop_none, moment_of, one_line, picked, seconds_in

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize("value", [1772452800, 1772452800.0, "1772452800"])
def test_epoch_seconds_are_a_number_or_its_digits(value):
    assert moment_of(value) == NOON


@pytest.mark.parametrize("value", [None, True, 0, -5, "", "soon", "nan", float("inf"), 10**30, [1772452800], {}])
def test_anything_else_is_no_time(value):
    assert moment_of(value) is None


def test_times_in_seconds_leave_out_unknown_ones():
    assert seconds_in([NOON, None, datetime(1970, 1, 1, 0, 1, tzinfo=UTC)]) == [1772452800, 60]


def test_one_line_is_cut_and_has_no_full_stop():
    assert one_line("It\n is  gone.") == "It is gone"
    assert one_line(None) == ""
    assert one_line("a" * 300) == "a" * 200
    assert one_line("abcdef", 3) == "abc"


def test_picked_keys_are_those_that_are_there():
    assert picked({"a": 1, "b": None, "c": 3}, ("b", "c", "d")) == {"b": None, "c": 3}
    assert drop_none({"a": 0, "b": None, "c": ""}) == {"a": 0, "c": ""}


@pytest.mark.parametrize(
    "author", [Author("Acme"), Author("7", handle="ACME"), Author("", handle="acme", name="somebody")]
)
def test_author_is_one_of_these_by_id_or_handle_in_any_case(author):
    assert author.is_one_of({"acme", "other"})


@pytest.mark.parametrize("author", [Author(""), Author("7", name="acme"), Author("acme2", handle="theacme")])
def test_author_is_none_of_these_by_name_or_part(author):
    assert not author.is_one_of({"acme", ""})


def test_address_has_no_slash_at_its_end_and_a_default():
    assert Config({"web_base": "https://acme.example/x//"}).address("web_base") == "https://acme.example/x"
    assert Config({"web_base": ""}).address("web_base", "https://site.example/") == "https://site.example"
    assert Config().address("web_base") == ""
