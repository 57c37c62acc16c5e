"""Gets and lists. A list is whole or an error: nothing is ever decided on a part of it."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Generic, TypeVar, cast

import msgspec

from odh_nim.cluster import paths
from odh_nim.cluster.call import JSON, LIST_LIMIT, METADATA, METADATA_LIST, Answer, Call
from odh_nim.cluster.requester import Requester, unreadable
from odh_nim.cluster.retry import Attempts
from odh_nim.domain.errors import ExpiredError, UnreachableError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import ApiResource

_PAGE: Final = 500
# A continue token lives for some minutes; a list that outlives it so often never ends.
_RESTARTS: Final = 3

T = TypeVar("T")


@dataclass(frozen=True)
class Page:
    """A part of a list; `continue_token` is None on the last one."""

    items: list[Manifest]
    continue_token: str | None
    resource_version: str


@dataclass(frozen=True)
class Selection:
    """Which objects of a type."""

    resource: ApiResource
    namespace: str | None = None
    label_selector: str | None = None
    field_selector: str | None = None

    @property
    def operation(self) -> str:
        """Name the list, as messages do."""
        return f"list {self.resource}{paths.place(self.resource, self.namespace)}"

    @property
    def path(self) -> str:
        """Address the list."""
        return paths.collection(self.resource, self.namespace)

    @property
    def params(self) -> tuple[tuple[str, str], ...]:
        """Narrow the list."""
        selectors = (("labelSelector", self.label_selector), ("fieldSelector", self.field_selector))
        return tuple((name, text) for name, text in selectors if text)


class _Metadata(msgspec.Struct, rename="camel"):
    continue_token: str = msgspec.field(default="", name="continue")
    resource_version: str = ""


class _List(msgspec.Struct, Generic[T]):
    metadata: _Metadata
    # Go writes null for an empty list.
    items: list[T] | None


@lru_cache(maxsize=64)
def _decoder(item_type: Any) -> "msgspec.json.Decoder[_List[Any]]":
    return msgspec.json.Decoder(_List[item_type])


async def get(
    requester: Requester,
    resource: ApiResource,
    name: str,
    namespace: str,
    *,
    metadata_only: bool = False,
) -> Manifest:
    """Get one object, or of it the metadata alone: of a Secret, never its data."""
    where = paths.place(resource, namespace)
    call = Call(
        f"get {resource.kind}/{name}{where}",
        "GET",
        paths.item(resource, name, namespace),
        accept=METADATA if metadata_only else JSON,
    )
    return await requester.object(call)


async def page(
    requester: Requester,
    selection: Selection,
    *,
    limit: int,
    continue_token: str | None = None,
    attempts: Attempts | None = None,
) -> Page:
    """Get one page of a list."""
    read = await _page(requester, selection, limit, continue_token, dict, attempts)
    return Page(
        _named(read.items or [], selection.resource),
        read.metadata.continue_token or None,
        read.metadata.resource_version,
    )


async def whole(requester: Requester, selection: Selection) -> Page:
    """Get all pages of a list as one."""
    items, version = await _all(requester, selection, dict)
    return Page(_named(items, selection.resource), None, version)


async def whole_as(requester: Requester, selection: Selection, item_type: type[T]) -> list[T]:
    """Get all pages of a list, of each object only what the type has.

    Where that is the metadata alone, nothing else is sent: no data of a Secret, no long spec.
    """
    return (await _all(requester, selection, item_type))[0]


async def _all(
    requester: Requester, selection: Selection, item_type: type[T]
) -> tuple[list[T], str]:
    attempts = Attempts(requester.timeouts.listing, requester.pacing)
    for restart in range(_RESTARTS + 1):
        items: list[T] = []
        token: str | None = None
        try:
            while True:
                read = await _page(requester, selection, _PAGE, token, item_type, attempts)
                items += read.items or []
                following = read.metadata.continue_token or None
                if following is None:
                    return items, read.metadata.resource_version
                if following == token:
                    raise UnreachableError(
                        selection.operation, "the server gives the same page again and again."
                    )
                token = following
        except ExpiredError:
            # What was read belongs to a moment that the server has forgotten.
            if token is None or restart == _RESTARTS:
                raise
    raise AssertionError  # pragma: no cover - the loop returns or raises


async def _page(
    requester: Requester,
    selection: Selection,
    limit: int,
    token: str | None,
    item_type: type[T],
    attempts: Attempts | None,
) -> _List[T]:
    params = (*selection.params, ("limit", str(limit)))
    if token:
        params = (*params, ("continue", token))
    only_metadata = getattr(item_type, "__struct_fields__", ()) == ("metadata",)
    call = Call(
        selection.operation,
        "GET",
        selection.path,
        params=params,
        limit=LIST_LIMIT,
        accept=METADATA_LIST if only_metadata else JSON,
    )
    answer = await requester.send(call, attempts)
    return _read(answer, call, item_type)


def _read(answer: Answer, call: Call, item_type: type[T]) -> _List[T]:
    try:
        if answer.is_json:
            decoder: msgspec.json.Decoder[_List[T]] = _decoder(cast("Any", item_type))
            return decoder.decode(answer.body)
    except msgspec.ValidationError as error:
        # It names the place and the type, never the value.
        raise UnreachableError(call.operation, f"unexpected answer: {error}.") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    raise unreadable(answer, call)


def _named(items: list[Manifest], resource: ApiResource) -> list[Manifest]:
    """Say in each item what it is: the API server leaves that out of lists."""
    for item in items:
        item.setdefault("apiVersion", resource.api_version)
        item.setdefault("kind", resource.kind)
    return items
