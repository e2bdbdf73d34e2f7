"""The next page of a list."""

import pytest

from channels.http.next_page import linked, parameters_of

FIRST = "<https://api.example/issues?page=1>; rel=first"


@pytest.mark.parametrize(
    "link",
    [
        '<https://api.example/issues?page=3&labels=&token=x>; rel="next"',
        "<https://api.example/issues?page=3&labels=&token=x>;rel=next",
        f'{FIRST}, <https://other.example/?page=3&labels=&token=x> ; REL="next", {FIRST}',
    ],
)
def test_next_link_gives_its_parameters_wherever_it_points(link):
    assert linked({"Link": link}) == {"page": "3", "labels": "", "token": "x"}


@pytest.mark.parametrize("headers", [{}, {"Link": ""}, {"Link": FIRST}, {"Link": "next"}, {"Link": "<>; rel=next"}])
def test_list_without_a_next_link_has_ended(headers):
    assert linked(headers) is None


@pytest.mark.parametrize("link", [None, "", 5, "https://[broken/?page=2"])
def test_what_is_no_address_has_no_parameters(link):
    assert parameters_of(link) is None
