"""Plan lines for Accounts of all namespaces, their children, and catalogues to save before."""

from collections.abc import Iterator
from dataclasses import dataclass

from odh_nim.domain import resources as kinds
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import ApiResource
from odh_nim.upgrade import old_names as old
from odh_nim.upgrade.identity import (
    finalizers_of,
    is_customised,
    is_going,
    proves_child,
)
from odh_nim.upgrade.plan import Action, Item, Role, Step
from odh_nim.upgrade.references import Reference
from odh_nim.upgrade.view import View, foreign_finalizers

_CHILD_KINDS = (kinds.CONFIG_MAPS, kinds.TEMPLATES, kinds.SECRETS)


@dataclass(frozen=True)
class Fate:
    """What becomes of one Account, and everything of it."""

    account: Manifest
    items: tuple[Item, ...]

    @property
    def uid(self) -> str:
        """The Account's uid."""
        return str(self.account["metadata"]["uid"])

    @property
    def goes(self) -> bool:
        """Whether its deletion is requested."""
        return any(
            item.role is Role.ACCOUNT and item.action is Action.DELETE for item in self.items
        )

    @property
    def stays(self) -> bool:
        """Whether it will still be there after this run."""
        return not self.goes or bool(foreign_finalizers(self.account))


def find_accounts(view: View, *, air_gapped: bool) -> list[Fate]:
    """Decide about every Account."""
    return [_fate(view, account, air_gapped=air_gapped) for account in view.accounts()]


def pull_users(view: View, account: Manifest) -> tuple[Reference, ...]:
    """Name who pulls with a Secret that goes with the Account."""
    metadata = account["metadata"]
    found: dict[str, Reference] = {}
    for name in pull_names(account, view.inventory.of(kinds.SECRETS)):
        for user in view.inventory.uses.of_secret(metadata["namespace"], name):
            if user.kind != old.ACCOUNT_KIND:
                found[str(user)] = user
    return tuple(found.values())


def pull_names(account: Manifest, secrets: list[Manifest]) -> frozenset[str]:
    """Name the Secrets that go with an Account: by its name, its status, its ownership."""
    metadata = account["metadata"]
    reference = (account.get("status") or {}).get("nimPullSecret") or {}
    wanted = {old.child_name(metadata["name"], "Secret"), str(reference.get("name") or "")}
    wanted |= {
        secret["metadata"]["name"]
        for secret in secrets
        if secret["metadata"]["namespace"] == metadata["namespace"]
        and proves_child(secret, account)
    }
    return frozenset(wanted - {""})


def _fate(view: View, account: Manifest, *, air_gapped: bool) -> Fate:
    users = pull_users(view, account)
    generation = _generation(view, account)
    foreign = foreign_finalizers(account)
    reason = _reason(view, account, foreign)
    if users:
        names = ", ".join(str(user) for user in users[:3])
        reason = f"its pull Secret is in use ({names}); migrate these deployments first"
    own = view.item(
        account,
        kinds.ACCOUNTS,
        step=Step.NOTHING if users else Step.ACCOUNTS,
        role=Role.ACCOUNT,
        generation=generation,
        action=Action.KEEP if users else Action.DELETE,
        reason=reason,
        proof=f"kind {old.ACCOUNT_KIND} of {old.ACCOUNT_GROUP}",
        users=users,
    )
    goes = own.action is Action.DELETE
    items = [*_saved(view, account, goes=goes, air_gapped=air_gapped), own]
    items += _children(view, account, generation, goes=goes)
    return Fate(account, tuple(items))


def _generation(view: View, account: Manifest) -> str:
    if account["metadata"]["namespace"] not in view.applications:
        return "3"
    return "2b" if old.FINALIZER in finalizers_of(account) else "2a"


def _reason(view: View, account: Manifest, foreign: list[str]) -> str:
    text = "nothing uses its pull Secret"
    if is_going(account):
        text = "it is being deleted already"
    if old.FINALIZER in finalizers_of(account):
        gone = view.controller.is_gone or view.consents.controller_is_gone
        serves = f"the old controller is {view.controller}"
        text += f"; {serves}, so its finalizer is {'removed' if gone else 'left to it'}"
    if foreign:
        text += f"; then it waits for a finalizer that is not ours ({', '.join(foreign)})"
    return text


def _children(view: View, account: Manifest, generation: str, *, goes: bool) -> Iterator[Item]:
    for resource in _CHILD_KINDS:
        for child in view.inventory.of(resource):
            here = child["metadata"]["namespace"] == account["metadata"]["namespace"]
            proof = proves_child(child, account) if here else None
            if proof is None:
                continue
            yield view.item(
                child,
                resource,
                step=Step.ACCOUNTS if goes else Step.NOTHING,
                role=Role.CHILD,
                generation=_child_generation(child, account, generation),
                action=Action.DELETE if goes else Action.KEEP,
                reason="goes with its Account" if goes else "its Account stays for now",
                proof=proof,
                account=account["metadata"]["uid"],
            )


def _child_generation(child: Manifest, account: Manifest, generation: str) -> str:
    named = child["metadata"]["name"] == old.child_name(account["metadata"]["name"], child["kind"])
    return generation if named else "2a"


def _saved(view: View, account: Manifest, *, goes: bool, air_gapped: bool) -> Iterator[Item]:
    """Find a catalogue that the old controller deletes with the Account and nobody can make again.

    Where the cluster is air-gapped the Account's status points at a ConfigMap that an admin made.
    """
    for config_map, resource in _catalogs(view, account):
        why = is_customised(config_map, account)
        if why is None and air_gapped:
            why = "the cluster is air-gapped"
        if why is None or view.is_ending(config_map["metadata"]["namespace"]):
            continue
        yield view.item(
            config_map,
            resource,
            step=Step.SAVE if goes else Step.NOTHING,
            role=Role.CATALOG,
            generation="2b",
            action=Action.SAVE if goes else Action.KEEP,
            reason=f"{why}; the old controller deletes it with the Account"
            if goes
            else "its Account stays for now",
            proof=f"named by Account/{account['metadata']['name']}",
            account=account["metadata"]["uid"],
        )


def _catalogs(view: View, account: Manifest) -> Iterator[tuple[Manifest, ApiResource]]:
    metadata = account["metadata"]
    reference = (account.get("status") or {}).get("nimConfig") or {}
    wanted = {(metadata["namespace"], old.child_name(metadata["name"], "ConfigMap"))}
    # Also in the applications namespace: an air-gapped controller looks for it there.
    wanted |= {
        (space, old.child_name(metadata["name"], "ConfigMap")) for space in view.applications
    }
    if reference.get("name"):
        wanted.add((reference.get("namespace") or metadata["namespace"], reference["name"]))
    for config_map in view.inventory.of(kinds.CONFIG_MAPS):
        place = (config_map["metadata"]["namespace"], config_map["metadata"]["name"])
        if place in wanted and _is_for(view, config_map, account):
            yield config_map, kinds.CONFIG_MAPS


def _is_for(view: View, config_map: Manifest, account: Manifest) -> bool:
    """Leave out what another living Account owns: it is saved with that one, or stays with it."""
    others = [one for one in view.accounts() if one is not account]
    return not any(proves_child(config_map, other) for other in others)
