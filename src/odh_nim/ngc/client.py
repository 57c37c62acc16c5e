"""The calls to NVIDIA's API: is this key good, what models are there, what does one look like."""

import json
from types import TracebackType
from typing import Final, Self, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from odh_nim.domain.address import ServiceAddress
from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.errors import KeyRefusedError, NgcAnswerError, NgcUnavailableError, printable
from odh_nim.ngc.answers import (
    CallerInfo,
    Listing,
    Metadata,
    Missing,
    ModelDetails,
    Resource,
    SearchPage,
)
from odh_nim.ngc.pace import Pace, send_paced
from odh_nim.ngc.transport import Answer, Request, Timeouts, Transport, status_cause

_KIB: Final = 1024
# A real key check answers 2 to 3 KiB, a model 6 KiB, a page of 1,000 containers 2 MiB.
_CALLER_LIMIT: Final = 256 * _KIB
_MODEL_LIMIT: Final = 2048 * _KIB
_PAGE_LIMIT: Final = 16 * 1024 * _KIB
_MAX_PAGES: Final = 100
_OK: Final = 200
_REFUSED: Final = (401, 403)
# 400 says that what was published is broken, 403 and 451 that it is not for everybody.
_NOTHING_PUBLISHED: Final = (400, 403, 404, 451)
_MISSING: Final = {403: Missing.NO_RIGHT, 404: Missing.GONE, 451: Missing.REGION}

T = TypeVar("T")


class NgcClient:
    """NVIDIA's API at one address: https, or plain http on this machine.

    With a pace, lists and models are asked for at that pace and with patience; without one, as for
    a person who waits.
    """

    def __init__(
        self, base_url: str, *, timeouts: Timeouts | None = None, pace: Pace | None = None
    ) -> None:
        """Open a pool.

        Raises:
            ConfigurationError: The address cannot be used.
            NgcUnavailableError: The proxy or certificate settings cannot be used.

        """
        self._timeouts = timeouts or Timeouts()
        self._transport = Transport(ServiceAddress.parse(base_url), self._timeouts)
        self._pace = pace

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._transport.close()

    async def caller_info(self, key: ApiKey) -> CallerInfo:
        """Ask whether NVIDIA knows a key; an answer means it does.

        Sent once: a person waits, and a repeated check would count against their key.

        Raises:
            KeyRefusedError: NVIDIA knows it not, or no longer.
            NgcUnavailableError: NVIDIA could not be asked, so nothing is known about the key.

        """
        request = Request(
            "POST",
            "/v3/keys/get-caller-info",
            _bearer(key) | {"Content-Type": "application/x-www-form-urlencoded"},
            _CALLER_LIMIT,
            body=urlencode({"credentials": key.reveal()}).encode(),
        )
        answer = await self._transport.send(request, within=self._timeouts.key_check)
        if answer.status in _REFUSED and not answer.is_page:
            raise KeyRefusedError
        if answer.status != _OK or answer.is_page:
            raise NgcUnavailableError(self._transport.host, status_cause(answer))
        if not answer.body:
            return CallerInfo()
        try:
            return _decode(answer, CallerInfo, "the key check")
        except NgcAnswerError as error:
            raise NgcUnavailableError(self._transport.host, error.message.rstrip(".")) from None

    async def search_models(self, *, page_size: int = 1000) -> Listing:
        """List every container of the organisation `nim`, or fail: never a part.

        Raises:
            NgcUnavailableError: NVIDIA could not be asked.
            NgcAnswerError: The pages do not add up.

        """
        found: dict[str, Resource] = {}
        total, page = None, 0
        while True:
            if page >= _MAX_PAGES:
                raise _unusable(f"there are more than {_MAX_PAGES} pages")
            answer = await self._search_page(page, page_size)
            # Without the number of the page, the end could never be seen.
            if answer.params.page != page:
                raise _unusable(f"page {page} was asked, page {answer.params.page} came")
            if total is not None and answer.result_total != total:
                raise _unusable("the number of models changed while they were read")
            total = answer.result_total
            before = len(found)
            found.update((resource.resource_id, resource) for resource in answer.resources())
            if page >= answer.result_page_total - 1:
                break
            if len(found) == before:
                raise _unusable(f"page {page} brings nothing new")
            page += 1
        if len(found) != total:
            raise _unusable(f"it announces {total} models and gives {len(found)}")
        return Listing(
            tuple(resource for resource in found.values() if resource.latest_tag),
            tuple(sorted(item.resource_id for item in found.values() if not item.latest_tag)),
        )

    async def model(self, org: str, team: str, name: str, key: ApiKey) -> ModelDetails | Missing:
        """Ask for one model; `Missing` says why there are no details.

        Raises:
            KeyRefusedError: NVIDIA knows the key not, or no longer.
            NgcUnavailableError: NVIDIA could not be asked.
            NgcAnswerError: The answer is no model.

        """
        path = "/v2/org/{}/team/{}/repos/{}".format(*(quote(p, safe="") for p in (org, team, name)))
        request = Request(
            "GET", path, _bearer(key), _MODEL_LIMIT, params={"resolve-labels": "true"}
        )
        answer = await self._get(request)
        if answer.status == _REFUSED[0]:
            raise KeyRefusedError
        if answer.status in _MISSING and not answer.is_page:
            return _MISSING[answer.status]
        self._check_ok(answer)
        return _decode(answer, ModelDetails, f"model {printable(f'{org}/{team}/{name}')}")

    async def metadata(self, repository: str, tag: str) -> Metadata | None:
        """Ask what NVIDIA publishes about one tag; None where it publishes nothing, as for most.

        Raises:
            NgcUnavailableError: NVIDIA could not be asked.
            NgcAnswerError: The answer cannot be used.

        """
        request = Request(
            "GET",
            "/v2/nim/metadata",
            {"Accept": "application/json"},
            _MODEL_LIMIT,
            params={"resourceId": repository, "tag": tag},
        )
        answer = await self._get(request)
        if answer.status in _NOTHING_PUBLISHED and not answer.is_page:
            return None
        self._check_ok(answer)
        return _decode(answer, Metadata, f"the metadata of {printable(f'{repository}:{tag}')}")

    async def _get(self, request: Request) -> Answer:
        if self._pace is None:
            return await self._transport.get(request, within=self._timeouts.call)
        return await send_paced(
            lambda left: self._transport.send(request, within=left),
            self._pace,
            within=self._timeouts.call,
            host=self._transport.host,
        )

    async def _search_page(self, page: int, page_size: int) -> SearchPage:
        query = json.dumps({"query": "orgName:nim", "page": page, "pageSize": page_size})
        request = Request(
            "GET",
            "/v2/search/catalog/resources/CONTAINER",
            {"Accept": "application/json"},
            _PAGE_LIMIT,
            params={"q": query},
        )
        answer = await self._get(request)
        self._check_ok(answer)
        return _decode(answer, SearchPage, f"page {page} of the catalogue")

    def _check_ok(self, answer: Answer) -> None:
        if answer.status != _OK or answer.is_page:
            raise NgcUnavailableError(self._transport.host, status_cause(answer))


def _bearer(key: ApiKey) -> dict[str, str]:
    return {"Authorization": f"Bearer {key.reveal()}", "Accept": "application/json"}


def _decode(answer: Answer, kind: type[T], asked: str) -> T:
    if not answer.is_json:
        raise NgcAnswerError(asked, "it is not declared as JSON")
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        # The decoder names places and types, never values.
        cause = printable(str(error)) if isinstance(error, msgspec.MsgspecError) else "broken JSON"
        raise NgcAnswerError(asked, cause) from None


def _unusable(cause: str) -> NgcAnswerError:
    return NgcAnswerError("the list of models", cause)
