"""Requests to Reddit: tokens, the required User-Agent, rate headers and error mapping.

Rules: https://github.com/reddit-archive/reddit/wiki/API (User-Agent, `X-Ratelimit-*`: reset is in seconds from now).
OAuth2: https://github.com/reddit-archive/reddit/wiki/OAuth2 (`access_token`, refresh tokens, HTTP basic as the client).
"""

from __future__ import annotations

import re
from functools import partial

from requests.auth import HTTPBasicAuth

from channels.adapters.reddit.wire import error_line
from channels.contract import Config, Json
from channels.errors import AuthFailed, ChannelError, Rejected
from channels.http import oauth
from channels.http.api_client import PERSON, Signature, TokenClient, TokenRefused, required
from channels.http.client import Call, read
from channels.toolkit.values import object_of

API = "https://oauth.reddit.com"
AUTH = "https://www.reddit.com"
TOKEN_PATH = "/api/v1/access_token"  # noqa: S105
_NO_CLIENT = "This Reddit connection has no client id. Enter your app's."
_NO_TOKEN = "This Reddit connection has no refresh token. Create one for its account and enter it."  # noqa: S105
_NO_PERSON = "You have not connected your Reddit account. Enter a refresh token on your own page, or answer on Reddit."
_AGENT = re.compile(r"[^\s:]+:[^\s:]+:\S+ \(by /?u/[\w-]+\)")
_ACCOUNT = re.compile(r"/?(?:u/)?([\w-]{1,20})")
# https://www.reddit.com/dev/api/: `reason` of a 403 or 404 for a whole subreddit.
_CLOSED = {
    "quarantined": "is quarantined. Open it once in a browser with this connection's account and agree to see it; "
    "until then the other feeds continue without it",
    "gated": "asks for consent before it shows anything. Open it once in a browser with this connection's account and "
    "agree; until then the other feeds continue without it",
    "private": "is private. Ask its moderators to admit this connection's account, or remove it from the list",
    "banned": "was banned by Reddit. Remove it from the list",
    "gold_only": "is for Reddit Premium only. Remove it from the list",
}


def user_agent(config: Config) -> str:
    """`platform:app:version (by /u/account)`, as Reddit requires; a bare account name is converted to that form."""
    given = str(config.setting("user_agent", "")).strip()
    if _AGENT.fullmatch(given):
        return given
    account = _ACCOUNT.fullmatch(given)
    if account is None:
        raise Rejected(
            "Reddit requires a User-Agent: enter “web:your-app:v1.0 (by /u/your-account)”, or just your account name."
        )
    return f"web:mention-desk:v1.0 (by /u/{account[1]})"


class Api(TokenClient):
    label = "Reddit"
    default_address = API
    path_format = "{}?raw_json=1"
    expects = (dict, list)
    limit_headers = "X-Ratelimit-"

    def owner(self, config: Config, speaker: str) -> tuple[str, ...]:
        """The token's address, the client and the refresh token."""
        client_id = required(str(config.setting("client_id", "")), _NO_CLIENT)
        if speaker == PERSON:
            token = required(config.personal.get("refresh_token", ""), _NO_PERSON)
        else:
            token = required(config.secret("refresh_token"), _NO_TOKEN)
        address = str(config.setting("auth_base", AUTH)).rstrip("/")
        return (f"{address}{TOKEN_PATH}", client_id, config.secret("client_secret"), token)

    def new_token(self, config: Config, speaker: str) -> oauth.Token:
        url, client_id, client_secret, refresh_token = self.owner(config, speaker)
        call = Call(
            "POST",
            url,
            form={"grant_type": "refresh_token", "refresh_token": refresh_token},
            headers={"User-Agent": user_agent(config)},
            auth=HTTPBasicAuth(client_id, client_secret),
            secrets=(client_secret, refresh_token),
        )
        return oauth.token_from(read(config.network, call, _of_token).body)

    def sign_with(self, config: Config, token: str) -> Signature:
        return Signature({"Authorization": f"bearer {token}", "User-Agent": user_agent(config)}, keys=(token,))

    def error(self, status: int, body: Json, is_write: bool) -> ChannelError | None:
        if status == 401:
            return TokenRefused(
                "Reddit refuses the access token. Create a new refresh token for this account and enter it."
            )
        reason = object_of(body).get("reason")
        if status in (403, 404) and isinstance(reason, str):
            closed = _CLOSED.get(reason.lower())
            return Rejected(f"The subreddit {closed}." if closed else f"{error_line(body)}.")
        return None


def _of_token(status: int, body: Json) -> ChannelError | None:
    """A refresh token that was revoked or belongs to another client is a plain 400."""
    if status in (400, 401, 403):
        return AuthFailed(
            "Reddit issued no access token. Check the client id and secret, and that the refresh token was created "
            "with this client and not revoked."
        )
    return None


api = Api()
get, post = api.get, partial(api.post, speaker=PERSON)
