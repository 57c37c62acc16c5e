"""Saves what the old controller would destroy, and lets the configuration point to it."""

import copy
import hashlib
import json
from typing import Any, Final

from odh_nim.domain import names
from odh_nim.domain import resources as kinds
from odh_nim.domain.errors import AlreadyExistsError, ConflictError, NotFoundError, RejectedError
from odh_nim.domain.manifest import Manifest, labels
from odh_nim.manifests.yaml import dump_yaml
from odh_nim.upgrade.configuration import CUSTOM, DISCONNECTED, NO_KEYS, choice_of, config_of
from odh_nim.upgrade.plan import Item, Role
from odh_nim.upgrade.run import Outcome, Result, Run, look

_CONTENT: Final = ("data", "binaryData")


def content_digest(config_map: Manifest) -> str:
    """Digest the content of a ConfigMap: the copy must have the same."""
    content = {name: config_map.get(name) or {} for name in _CONTENT}
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


async def save_catalog(run: Run, item: Item) -> Outcome:
    """Copy a catalogue under another name, without an owner, and compare."""
    run.unsaved.add((item.account, str(item.subject)))
    found = await look(run, item.subject)
    if found is None:
        return Outcome(item, Result.FAILED, "it is gone; its Account is left alone")
    return await _store(run, item, found)


async def save_choice(run: Run, item: Item) -> Outcome:
    """Make a catalogue of the entries that an admin had chosen."""
    run.unsaved.add((item.account, str(item.subject)))
    found = await look(run, item.subject)
    entries = choice_of(run.view, found) if found else {}
    if found is None or not entries:
        return Outcome(item, Result.FAILED, "it names no model of the new catalogue any more")
    return await _store(run, item, {"metadata": found["metadata"], "data": entries})


async def _store(run: Run, item: Item, found: Manifest) -> Outcome:
    copied = _copy(found)
    name, result = copied["metadata"]["name"], Result.DONE
    try:
        await run.cluster.create(copied)
    except AlreadyExistsError:
        result = Result.ALREADY
    stored = await run.cluster.get(kinds.CONFIG_MAPS, name, item.subject.namespace)
    if content_digest(stored) != content_digest(found) or stored["metadata"].get("ownerReferences"):
        return Outcome(item, Result.FAILED, f"ConfigMap/{name} has another content")
    run.unsaved.discard((item.account, str(item.subject)))
    run.saved[item.account] = (item.subject.namespace, name)
    return Outcome(item, result, f"saved as ConfigMap/{name}")


def _copy(found: Manifest) -> Manifest:
    metadata = found["metadata"]
    kept = {name: text for name, text in labels(found).items() if name != names.MANAGED_LABEL}
    copied: Manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": names.saved_catalog(content_digest(found)),
            "namespace": metadata["namespace"],
            "labels": kept | {names.MANAGED_BY_LABEL: names.MANAGED_BY},
            "annotations": {names.SAVED_FROM: f"{metadata['namespace']}/{metadata['name']}"},
        },
    }
    for name in _CONTENT:
        if found.get(name):
            copied[name] = copy.deepcopy(found[name])
    return copied


async def configure(run: Run, item: Item) -> Outcome:
    """Write what the new configuration must say; what an admin has set there stays.

    Where the dashboard's kind does not know the field, the API server would drop it without a
    word: a dry run tells, and the ConfigMap takes it instead.
    """
    changes = _changes(run, item)
    if item.subject.resource.kind == kinds.DASHBOARD_CONFIGS.kind and await _in_dashboard(
        run, item, changes
    ):
        return Outcome(item, Result.DONE)
    written = await _in_config_map(run, item.subject.namespace, changes)
    result = Result.DONE if written else Result.ALREADY
    return Outcome(item, result, f"in ConfigMap/{names.CONFIG_MAP}")


def unsave_all(run: Run) -> None:
    """Keep every Account whose saved catalogue nobody would find."""
    run.unsaved |= {(account, names.CONFIG_MAP) for account in run.saved}


def _changes(run: Run, item: Item) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    saved = [place for place in run.saved.values() if place[0] == item.subject.namespace]
    if saved:
        changes[CUSTOM] = {"name": min(saved)[1], "namespace": item.subject.namespace}
    if any(one.role is Role.CONFIGURATION and NO_KEYS in one.reason for one in run.items):
        changes[DISCONNECTED] = {NO_KEYS: True}
    return changes


def _merged(before: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    after = copy.deepcopy(before)
    if CUSTOM in changes:
        after.setdefault(CUSTOM, changes[CUSTOM])
    if DISCONNECTED in changes:
        there = after.get(DISCONNECTED)
        after[DISCONNECTED] = (there if isinstance(there, dict) else {}) | changes[DISCONNECTED]
    return after


async def _in_dashboard(run: Run, item: Item, changes: dict[str, Any]) -> bool:
    found = await look(run, item.subject)
    if found is None:
        return False
    before = (found.get("spec") or {}).get("nimConfig") or {}
    after = _merged(before, changes)
    merge = {
        "metadata": {"resourceVersion": found["metadata"]["resourceVersion"]},
        "spec": {"nimConfig": after},
    }
    place = (item.subject.resource, item.subject.name, item.subject.namespace)
    try:
        tried = await run.cluster.patch(*place, merge=merge, dry_run=True)
    except RejectedError:
        return False
    if (tried.get("spec") or {}).get("nimConfig") != after:
        return False
    if before != after:
        await run.cluster.patch(*place, merge=merge)
    return True


async def _in_config_map(run: Run, namespace: str, changes: dict[str, Any]) -> bool:
    for _ in range(3):
        try:
            found = await run.cluster.get(kinds.CONFIG_MAPS, names.CONFIG_MAP, namespace)
        except NotFoundError:
            await run.cluster.create(_config_map(namespace, _merged({}, changes)))
            return True
        before = config_of(found)
        after = _merged(before, changes)
        if after == before:
            return False
        changed = copy.deepcopy(found)
        changed["data"] = (found.get("data") or {}) | {names.CONFIG_MAP_KEY: dump_yaml(after)}
        changed["metadata"].pop("managedFields", None)
        try:
            await run.cluster.replace(changed)
        except ConflictError:
            continue
        return True
    raise ConflictError(f"write ConfigMap/{names.CONFIG_MAP}", "it changes again and again.")


def _config_map(namespace: str, config: dict[str, Any]) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": names.CONFIG_MAP,
            "namespace": namespace,
            "labels": {names.MANAGED_BY_LABEL: names.MANAGED_BY},
        },
        "data": {names.CONFIG_MAP_KEY: dump_yaml(config)},
    }
