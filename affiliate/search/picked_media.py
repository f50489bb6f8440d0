"""Pictures named by agency and id: from the cache, else by as few calls as their agencies allow."""

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from affiliate.cache.answers import CachedAnswer
from affiliate.domain.media import Media, MediaPick
from affiliate.domain.sanitize import drop_unusable
from affiliate.errors import AgencyError, NotFound
from affiliate.search.client_budget import PICK_COST
from affiliate.search.fanout import Question
from affiliate.search.federation import EnabledAgency
from affiliate.search.gateway import PAGE_SECONDS, AgencyGateway, PreparedCall
from affiliate.search.lookup_calls import GONE_SECONDS, prepare_details
from affiliate.search.registry import AgencyRegistry, is_possible_id
from affiliate.search.slice_fetcher import budget_failure
from affiliate.search.visitor_calls import VisitorCalls

Answers = dict[int, CachedAnswer[Media] | None]


class PickedMedia(NamedTuple):
    """The answers for picks, by the place of the pick, and whether any agency was waited for.

    An answer is None where the agency is still asked. Picks of agencies that are off, and of ids
    that no agency writes, have no answer at all.
    """

    answers: Answers
    waited: bool


class _BatchCall:
    """One call for the details of several pictures of an agency, sent for the first of them."""

    def __init__(self, enabled: EnabledAgency, ids: Sequence[str], media: str) -> None:
        self._enabled = enabled
        self._ids = ids
        self._media = media
        self._found: Mapping[str, Media] | None = None
        self._error: AgencyError | None = None
        self._lock = threading.Lock()

    def fetch(self, media_id: str) -> Media:
        """Return a picture or clip of the batch as its agency has it now.

        Raises:
            AgencyError: the agency did not answer; NotFound where the picture can't be shown.
        """
        with self._lock:
            found = self._fetch_all()
        if media_id not in found:
            raise NotFound(self._enabled.agency.name, "It is gone.", retry_after=GONE_SECONDS)
        return found[media_id]

    def _fetch_all(self) -> Mapping[str, Media]:
        if self._error:
            raise self._error
        if self._found is None:
            try:
                items = self._enabled.agency.fetch_media(self._ids, self._media)
            except AgencyError as error:
                self._error = error
                raise
            self._found = {item.id: item for item in drop_unusable(items)}
        return self._found


def fetch_picks(
    registry: AgencyRegistry, calls: VisitorCalls, picks: Sequence[MediaPick], *, asks: bool
) -> PickedMedia:
    """Return the pictures of picks from the cache; with ``asks`` call agencies for missing ones.

    The visitor pays `PICK_COST` for each missing picture, or no agency is called. Stale pictures
    are refreshed behind, by one call where the agency allows.
    """
    on = {enabled.agency.name: enabled for enabled in registry.enabled}
    known = {i: p for i, p in enumerate(picks) if p.agency in on and is_possible_id(p.id)}
    answers: Answers = dict.fromkeys(known)
    for enabled, part in _split_by_call(on, known):
        for i, call in _prepare_calls(calls, enabled, part).items():
            cached = calls.cached_or_refresh(enabled, call) if asks else calls.gateway.peek(call)
            answers[i] = cached
    missing = {i: pick for i, pick in known.items() if asks and answers[i] is None}
    asked = {
        min(part): (enabled, _build_question(calls, enabled, part), part)
        for enabled, part in _split_by_call(on, missing)
    }
    costly = sum(on[pick.agency].agency.api != "" for pick in missing.values())
    charged = [(enabled, question) for enabled, question, _ in asked.values()]
    if rest := calls.charge(charged, PICK_COST * costly):
        busy = CachedAnswer[Media](status="failed", lifetime=0, failure=budget_failure(rest))
        return PickedMedia(answers | dict.fromkeys(missing, busy), waited=False)
    questions = {first: question for first, (_, question, _) in asked.items()}
    for first, fetched in calls.ask(questions, PAGE_SECONDS).items():
        answers |= dict(zip(asked[first][2], fetched, strict=True))
    return PickedMedia(answers, waited=bool(missing))


def _split_by_call(
    on: Mapping[str, EnabledAgency], picks: Mapping[int, MediaPick]
) -> Iterator[tuple[EnabledAgency, Mapping[int, MediaPick]]]:
    """Yield the picks in parts, for each of which one call to the agency is enough."""
    places: dict[tuple[str, str], list[int]] = defaultdict(list)
    for i, pick in picks.items():
        places[pick.agency, pick.media].append(i)
    for (agency, _), group in places.items():
        most = on[agency].agency.ids_per_call
        for first in range(0, len(group), most):
            yield on[agency], {i: picks[i] for i in group[first : first + most]}


def _prepare_calls(
    calls: VisitorCalls, enabled: EnabledAgency, picks: Mapping[int, MediaPick]
) -> dict[int, PreparedCall[Media]]:
    """Return the calls for pictures of an agency; one call to the agency answers all of them."""
    ids, media = [pick.id for pick in picks.values()], next(iter(picks.values())).media
    batch = _BatchCall(enabled, ids, media)
    return {
        i: prepare_details(
            calls.gateway,
            enabled,
            pick.id,
            media,
            fetch=partial(batch.fetch, pick.id) if len(picks) > 1 else None,
        )
        for i, pick in picks.items()
    }


def _build_question(
    calls: VisitorCalls, enabled: EnabledAgency, picks: Mapping[int, MediaPick]
) -> Question[list[CachedAnswer[Media]]]:
    """Return the fetch of several pictures of an agency, each cached by itself."""
    prepared = _prepare_calls(calls, enabled, picks).values()
    key = ("picks", *(call.request.key for call in prepared))
    fetch = partial(_call_in_turn, calls.gateway, tuple(prepared))
    return Question(enabled.agency.name, key, fetch)


def _call_in_turn(
    gateway: AgencyGateway, prepared: Sequence[PreparedCall[Media]]
) -> list[CachedAnswer[Media]]:
    return [gateway.get_or_call(call) for call in prepared]
