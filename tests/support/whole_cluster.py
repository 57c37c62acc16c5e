"""Reads every object of a cluster, of every kind that is served, in all namespaces."""

import ssl
from collections.abc import AsyncIterator
from typing import Any

import httpx2

from odh_nim.cluster import ConnectionConfig
from odh_nim.domain.manifest import Manifest

_PAGE = 500


async def every_object(config: ConnectionConfig) -> list[Manifest]:
    """List all that can be listed; `config` is of somebody who may see everything."""
    assert config.ca_data is not None
    verify = ssl.create_default_context(cadata=config.ca_data.decode())
    headers = {"Authorization": f"Bearer {config.token}"}
    async with httpx2.AsyncClient(
        base_url=config.server, headers=headers, verify=verify, trust_env=False, timeout=30
    ) as http:
        return [
            item
            async for path, kind in _collections(http)
            async for item in _items(http, path, kind)
        ]


async def _collections(http: httpx2.AsyncClient) -> AsyncIterator[tuple[str, str]]:
    """Name every list: its path and the kind of what is in it."""
    groups = (await _json(http, "/apis"))["groups"]
    bases = ["/api/v1", *(f"/apis/{one['preferredVersion']['groupVersion']}" for one in groups)]
    for base in bases:
        for resource in (await _json(http, base))["resources"]:
            if "/" not in resource["name"] and "list" in resource["verbs"]:
                yield f"{base}/{resource['name']}", resource["kind"]


async def _items(http: httpx2.AsyncClient, path: str, kind: str) -> AsyncIterator[Manifest]:
    token = ""
    while True:
        page = await _json(http, path, limit=str(_PAGE), **({"continue": token} if token else {}))
        for item in page["items"] or []:
            yield {**item, "kind": kind}
        token = page["metadata"].get("continue", "")
        if not token:
            return


async def _json(http: httpx2.AsyncClient, path: str, **params: str) -> Any:
    answer = await http.get(path, params=params)
    answer.raise_for_status()
    return answer.json()
