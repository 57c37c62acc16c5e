"""Plan lines for what lies in users' projects: copies of keys, and claims that nothing mounts."""

from collections.abc import Iterator
from typing import Final

from odh_nim.domain import names
from odh_nim.domain import resources as kinds
from odh_nim.domain.manifest import Manifest, labels
from odh_nim.upgrade import old_names as old
from odh_nim.upgrade.identity import copy_digest, is_generation_3_key
from odh_nim.upgrade.plan import Action, Item, Role, Step
from odh_nim.upgrade.references import Reference
from odh_nim.upgrade.view import View, except_gone

# The one proof that lets a copy go; the shape alone may be a user's own.
ADMIN_COPY: Final = "shape, and equal to an admin's key"
_ROLES = {old.PROJECT_KEY: Role.PROJECT_KEY, old.PROJECT_PULL: Role.PROJECT_PULL}


def find_project_secrets(view: View, gone: frozenset[str]) -> Iterator[Item]:
    """Decide about `nvidia-nim-secrets` and `ngc-secret` of every project."""
    for secret in view.inventory.named(kinds.SECRETS, *_ROLES):
        if labels(secret).get(names.MANAGED_BY_LABEL) == names.MANAGED_BY:
            continue
        metadata = secret["metadata"]
        users = except_gone(
            view.inventory.uses.of_secret(metadata["namespace"], metadata["name"]), gone
        )
        generation, action, reason, proof = _decide(view, secret, users)
        yield view.item(
            secret,
            kinds.SECRETS,
            step=Step.PROJECTS if action is Action.DELETE else Step.NOTHING,
            role=_ROLES[metadata["name"]],
            generation=generation,
            action=action,
            reason=reason,
            proof=proof,
            users=users,
        )


def is_admin_copy(view: View, secret: Manifest) -> bool:
    """Say whether a Secret is proven to hold the admin's key, now or in an earlier run."""
    digest = copy_digest(secret)
    return digest is not None and (digest in view.admin_digests or view.record.proves(secret))


def _decide(
    view: View, secret: Manifest, users: tuple[Reference, ...]
) -> tuple[str, Action, str, str]:
    if is_generation_3_key(secret):
        if users:
            return "3", Action.KEEP, "the project's own key, in use", "label and both fields"
        reason = "the user's own key; no model uses it. Not ours to delete"
        return "3", Action.REPORT, reason, "label and both fields"
    if copy_digest(secret) is None:
        return "-", Action.KEEP, "not made by the old dashboard: it has another shape", ""
    return _decide_copy(view, secret, users)


def _decide_copy(
    view: View, secret: Manifest, users: tuple[Reference, ...]
) -> tuple[str, Action, str, str]:
    if not is_admin_copy(view, secret):
        reason = "equals no known admin key: it may be a former one, or a user's"
        action = Action.KEEP if users else Action.REPORT
        return "1-2", action, f"{reason} (--former-key-file proves it)", "shape"
    if users:
        return "1-2", Action.KEEP, "pods need it at their next start; migrate first", ADMIN_COPY
    if view.consents.keep_project_secrets:
        return "1-2", Action.KEEP, "--keep-project-secrets", ADMIN_COPY
    return "1-2", Action.DELETE, "a copy of the admin's key that nothing names", ADMIN_COPY


def find_claims(view: View) -> Iterator[Item]:
    """Name claims of old models that nothing mounts; they hold hours of download."""
    for claim in view.inventory.of(kinds.PERSISTENT_VOLUME_CLAIMS):
        metadata = claim["metadata"]
        if view.inventory.uses.of_claim(metadata["namespace"], metadata["name"]):
            continue
        if labels(claim).get(names.MANAGED_BY_LABEL) == names.MANAGED_BY:
            continue
        yield view.item(
            claim,
            kinds.PERSISTENT_VOLUME_CLAIMS,
            step=Step.NOTHING,
            role=Role.CLAIM,
            generation="1-3",
            action=Action.REPORT,
            reason="no model mounts it; claims are never deleted here",
        )
