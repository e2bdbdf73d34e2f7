"""The marks webhook's endpoint: authenticated by its signature, without a session."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from channels.clocks import desk_now
from channels.contract import Hook
from channels.errors import Malformed, RateLimited, Refused
from channels.polling import receiving_webhooks
from channels.webforms import form_page
from mentions.csv_lists.plans import NotAsPreviewed, Plan
from mentions.marks import webhook


@csrf_exempt
@require_POST
def marks(request: HttpRequest) -> JsonResponse:
    """200 with the result for each mark; 422 with the problems, and nothing was changed."""
    if receiving_webhooks.declared_bytes(request.META) > webhook.MAX_BYTES:
        return _wrong("Too large.", 413)
    try:
        return JsonResponse(_results(webhook.receive(_hook(request), desk_now())))
    except Refused as error:
        return _wrong(str(error), 403)
    except RateLimited as error:
        answer = _wrong(str(error), 429)
        answer.headers["Retry-After"] = str(webhook.WINDOW_S)
        return answer
    except Malformed as error:
        return _wrong(str(error), 400)
    except NotAsPreviewed as error:
        return JsonResponse(_results(error.plan), status=422)


def _hook(request: HttpRequest) -> Hook:
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Hook("POST", headers, {}, request.body, form_page.client_address(request.META))


def _results(plan: Plan[Any]) -> dict[str, object]:
    return {"marks": [{"line": s.entry.line, "result": s.deed, "problems": s.problems} for s in plan.steps]}


def _wrong(words: str, status: int) -> JsonResponse:
    return JsonResponse({"error": words}, status=status)
