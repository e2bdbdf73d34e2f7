"""What each figure means: the one written definition, shown beside the figure and in docs/numbers.md."""

from metrics.meanings.meaning import Meaning
from metrics.meanings.of_outcomes import OF_OUTCOMES
from metrics.meanings.of_people import OF_PEOPLE
from metrics.meanings.of_platforms import OF_PLATFORMS
from metrics.meanings.of_releases import OF_RELEASES
from metrics.meanings.of_requests import OF_REQUESTS
from metrics.meanings.of_tickets import OF_TICKETS

MEANINGS: dict[str, Meaning] = {
    meaning.key: meaning
    for meaning in (*OF_TICKETS, *OF_OUTCOMES, *OF_REQUESTS, *OF_PLATFORMS, *OF_PEOPLE, *OF_RELEASES)
}
