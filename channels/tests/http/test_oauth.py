from __future__ import annotations

import pytest

from channels.errors import AuthFailed
from channels.http import oauth
from channels.http.oauth import Token, access_token, forget, token_from


def test_a_token_is_asked_for_once_until_it_ends_or_is_refused() -> None:
    asked: list[int] = []

    def fetch() -> Token:
        asked.append(1)
        return Token(f"token-{len(asked)}-of-a-test", 3600)

    owner = ("https://a.example", "me", "test_once")
    assert [access_token(owner, fetch), access_token(owner, fetch)] == ["token-1-of-a-test"] * 2
    forget(owner)
    assert access_token(owner, fetch) == "token-2-of-a-test"
    assert access_token((*owner, "another"), fetch) == "token-3-of-a-test"


def test_a_token_near_its_end_is_not_used_again() -> None:
    owner = ("https://a.example", "me", "test_end")
    access_token(owner, lambda: Token("first-of-a-test", oauth.EARLY_S))
    assert access_token(owner, lambda: Token("second-of-a-test")) == "second-of-a-test"


@pytest.mark.parametrize("body", [None, [], {}, {"access_token": ""}, {"access_token": 5}, {"error": "invalid_grant"}])
def test_an_answer_without_a_token_is_an_error(body: object) -> None:
    with pytest.raises(AuthFailed):
        token_from(body)


def test_an_odd_lifetime_is_taken_for_the_usual_one() -> None:
    assert token_from({"access_token": "x", "expires_in": "soon"}).life_s == oauth.DEFAULT_LIFE_S
    assert "x" not in repr(token_from({"access_token": "xxxxxxxx"}))
