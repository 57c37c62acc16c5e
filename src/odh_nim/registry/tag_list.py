"""The tags of a repository, page by page."""

import json
from http import HTTPStatus
from typing import Any
from urllib.parse import urljoin

from odh_nim.domain.errors import RegistryError
from odh_nim.registry.authority import Scope
from odh_nim.registry.distribution import Distribution
from odh_nim.registry.patience import CutError
from odh_nim.registry.wire import Reply


def list_tags(registry: Distribution, repository: str) -> list[str]:
    """List all tags, sorted; empty where there is no repository.

    Raises:
        RegistryError: They cannot be listed.

    """
    operation = f"list the tags of {repository}"
    url, found = f"/v2/{repository}/tags/list?n=1000", set[str]()
    while url:
        with registry.send("GET", url, Scope(repository), operation) as reply:
            if reply.status == HTTPStatus.NOT_FOUND:
                break
            registry.expect(reply, operation, HTTPStatus.OK)
            page = _page(registry, reply, operation)
            following = _following(reply.header("Link"), registry.url + url)
        # A page that brings nothing new would be asked for again without end; one of another
        # host is no page of this registry.
        more = bool(page - found) and registry.owns(following)
        found |= page
        url = following.removeprefix(registry.url) if more else ""
    return sorted(found)


def _page(registry: Distribution, reply: Reply, operation: str) -> set[str]:
    try:
        document: Any = json.loads(reply.body())
        tags = document.get("tags") or []
    except (ValueError, AttributeError, CutError, RecursionError):
        tags = None
    if not isinstance(tags, list):
        raise RegistryError(registry.host, operation, "its answer is no list of tags")
    return {tag for tag in tags if isinstance(tag, str)}


def _following(link: str, here: str) -> str:
    address = link.partition("<")[2].partition(">")[0] if 'rel="next"' in link else ""
    return urljoin(here, address) if address else ""
