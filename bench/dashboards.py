"""Every report page over 30 days with 1,000,000 tickets, uncached, as a ratio to the minimal logged-in page.

Measured in turn with the minimal page; medians of a few rounds. Nobody should wait more than about a second; the bar is
a ratio, since the machine is shared. One report is compared with django-helpdesk's own report page, which reads its
tickets into Python.
"""

from __future__ import annotations

import statistics
import subprocess
from typing import Any

from bench import mail, measure
from bench.data.month import Month
from bench.pages import minimal

COUNT = measure.sized(1_000_000, 1_000)
ROUNDS, WARM_UP = measure.sized(5, 1), measure.sized(1, 0)
MINIMAL_PAGES = measure.sized(5, 1)
"""Of each round: their median is the yardstick."""
BAR = 600.0
"""A second, where the minimal page takes 1.7 ms."""
BUILD_BAR_S = 60.0
ZONE = "UTC"
OURS, THEIRS, PEER_COUNT, PEER_ROUNDS, PEER_BAR = "activity", "queuemonth", 100_000, 5, 50.0


def run() -> bool:
    return Dashboards().run()


class Dashboards:
    def __init__(self) -> None:
        from django.conf import settings
        from django.test import Client
        from django.urls import path

        from advocacy import urls
        from mentions.people import roles

        settings.ALLOWED_HOSTS = ["testserver"]
        urls.urlpatterns.insert(0, path("bench-minimal/", minimal))
        roles.ensure()
        self.month, self.client = Month(COUNT), Client()
        self.client.force_login(self.month.users[0])

    def run(self) -> bool:
        from metrics.rollups import keeping

        self.month.fill()
        taken_s = measure.seconds(lambda: keeping.build(ZONE))
        what = f"build {COUNT:,} tickets with messages and events / {BUILD_BAR_S:.0f} s"
        built = measure.report_at_most(what, taken_s / BUILD_BAR_S, 1, f"{taken_s:.1f} s")
        held = [self.page(name) for name in names()]
        return all([built, *held, self.beside_helpdesk()])

    def page(self, name: str) -> bool:
        from django.core.cache import cache

        address = f"/reports/{name}/"
        ours: list[float] = []
        least: list[float] = []
        for number in range(-WARM_UP, ROUNDS):
            cache.clear()
            self._get("/bench-minimal/")
            taken = measure.seconds(lambda: self._get(address))
            yardstick = [measure.seconds(lambda: self._get("/bench-minimal/")) for _ in range(MINIMAL_PAGES)]
            if number >= 0:  # the rounds before compile templates and warm the caches
                ours.append(taken)
                least.append(statistics.median(yardstick))
        page_s, least_s = statistics.median(ours), statistics.median(least)
        detail = f"{page_s * 1e3:,.0f} ms, minimal {least_s * 1e3:.2f} ms"
        return measure.report_at_most(f"{name} at {COUNT:,} / minimal page", page_s / least_s, BAR, detail)

    def beside_helpdesk(self) -> bool:
        """Our mentions by channel and day over a million tickets, uncached, against its tickets by queue and month over
        a tenth as many."""
        what = f"{OURS} at {COUNT:,} against django-helpdesk's {THEIRS} at {PEER_COUNT:,}"
        if measure.is_short():
            self._get(f"/reports/{OURS}/")
            return measure.not_compared(what, "django-helpdesk is not installed")
        with mail.helpdesk() as process:
            mail.ask(process, {"tickets": PEER_COUNT})
            pairs = measure.pairs(
                lambda: measure.seconds(lambda: self._get(f"/reports/{OURS}/")),
                lambda: _shown_there(process),
                PEER_ROUNDS,
                warm_up=1,
            )
        our_s, their_s = pairs.medians
        detail = f"{our_s * 1e3:,.0f} ms, django-helpdesk {their_s * 1e3:,.0f} ms"
        return measure.report(what, pairs.ratio, PEER_BAR, detail)

    def _get(self, address: str) -> Any:
        response = self.client.get(address)
        assert response.status_code == 200, (address, response.status_code)
        return response


def _shown_there(process: subprocess.Popen[str]) -> float:
    said = mail.ask(process, {"report": THEIRS})
    assert said["tickets"] == PEER_COUNT, said
    return float(said["seconds"])


def names() -> list[str]:
    from metrics.reports import REPORTS

    return list(REPORTS)
