"""What proves that an object is of the old integration: its whole shape, or its owner's uid.

Every function gives the proof as a sentence, or None. The same functions judge when the plan is
made and again, on the object as it is then, right before it is touched. No prefix and no label
proves anything by itself: NVIDIA's own guides use the same names.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from odh_nim.domain import names
from odh_nim.domain.manifest import Manifest, annotations, labels
from odh_nim.upgrade import old_names as old
from odh_nim.upgrade.digests import key_digest, login_digest

_OPAQUE: Final = "Opaque"
_MODEL_FIELDS: Final = frozenset({"name", "displayName", "latestTag"})
_ACCOUNT_VERBS: Final = frozenset({"get", "list", "watch"})
# Generation 1 set none of these on its objects, generation 2a the first. Any other label is of
# somebody who looks after the object.
_OLD_LABELS: Final = frozenset({names.MANAGED_LABEL, names.DASHBOARD_LABEL})
# Who writes by hand or from a repository: `kubectl-edit`, the console of OpenShift, Argo CD.
_HANDS: Final = ("kubectl", "oc", "Mozilla", "argocd", "helm", "kustomize-controller")


@dataclass(frozen=True)
class Owner:
    """An Account as an ownerReference names it."""

    name: str
    uid: str


def account_owner(item: Manifest) -> Owner | None:
    """Find the Account that owns an object."""
    for owner in item["metadata"].get("ownerReferences") or []:
        group = str(owner.get("apiVersion", "")).partition("/")[0]
        if owner.get("kind") == old.ACCOUNT_KIND and group == old.ACCOUNT_GROUP:
            return Owner(str(owner.get("name", "")), str(owner.get("uid", "")))
    return None


def is_child_name(name: str, kind: str, account: str) -> bool:
    """Say whether a name is one that the old controller gives a child of this Account."""
    fixed = {
        "ConfigMap": old.MODEL_MAPS,
        "Template": (old.SERVING_TEMPLATE,),
        "Secret": (old.IMAGE_PULL_SECRET,),
    }
    return name == old.child_name(account, kind) or name in fixed[kind]


def proves_child(item: Manifest, account: Manifest) -> str | None:
    """Prove a child: a known name, and the Account's uid in its ownerReferences."""
    owner, metadata = account_owner(item), account["metadata"]
    if owner is None or owner.uid != metadata["uid"]:
        return None
    if not is_child_name(item["metadata"]["name"], item["kind"], metadata["name"]):
        return None
    return f"owned by Account/{metadata['name']} (uid)"


def proves_orphan(item: Manifest, account_uids: frozenset[str]) -> str | None:
    """Prove a child whose Account is gone: the garbage collector would take it as well."""
    owner = account_owner(item)
    if owner is None or owner.uid in account_uids:
        return None
    if len(item["metadata"]["ownerReferences"]) > 1:
        return None
    if not is_child_name(item["metadata"]["name"], item["kind"], owner.name):
        return None
    return f"owned by Account/{owner.name}, which is gone"


def proves_validator(item: Manifest, known: frozenset[str] = frozenset()) -> str | None:
    """Prove the CronJob, a Job or a Pod of generation 1 by name, container and Secret."""
    name, kind = item["metadata"]["name"], item["kind"]
    if not _runs_validator(item):
        return None
    shape = f"container {old.VALIDATOR_CONTAINER} with Secret {old.ACCESS_SECRET}"
    if kind == "CronJob":
        return f"exact name, {shape}" if name == old.CRON_JOB else None
    owners = item["metadata"].get("ownerReferences") or []
    for owner in owners:
        if owner.get("uid") in known:
            return f"owned by {owner.get('kind')}/{owner.get('name')} (uid)"
    return None if owners else _proves_alone(item, shape)


def _proves_alone(item: Manifest, shape: str) -> str | None:
    name = item["metadata"]["name"]
    if item["kind"] == "Pod":
        named = name.startswith(f"{old.CRON_JOB}-")
        parent = labels(item).get(old.PARENT_LABEL) == old.CRON_JOB
        return f"left by a Job that is gone, {shape}" if named and parent else None
    if name == old.MANUAL_JOB:
        manual = annotations(item).get(old.MANUAL) == "manual"
        return f"exact name, started by hand, {shape}" if manual else None
    scheduled = old.SCHEDULED_JOB.fullmatch(name)
    return f"name of a scheduled run, {shape}" if scheduled else None


def _runs_validator(item: Manifest) -> bool:
    spec = pod_spec(item)
    containers = {one.get("name") for one in spec.get("containers") or []}
    volumes = {(one.get("secret") or {}).get("secretName") for one in spec.get("volumes") or []}
    return old.VALIDATOR_CONTAINER in containers and old.ACCESS_SECRET in volumes


def pod_spec(item: Manifest) -> dict[str, Any]:
    """Find the pod's specification in a Pod, a Job or a CronJob."""
    spec: dict[str, Any] = item.get("spec") or {}
    if item["kind"] == "CronJob":
        spec = (spec.get("jobTemplate") or {}).get("spec") or {}
    if item["kind"] != "Pod":
        spec = (spec.get("template") or {}).get("spec") or {}
    return spec


def proves_leftover(item: Manifest) -> str | None:
    """Prove an object with a fixed name of generation 1 or 2a that nobody owns."""
    if item["metadata"].get("ownerReferences") or not _OLD_LABELS.issuperset(labels(item)):
        return None
    name, kind = item["metadata"]["name"], item["kind"]
    if kind == "ConfigMap" and name == old.RESULT_MAP:
        fields = set(item.get("data") or {})
        known = old.RESULT_FIELDS[0] in fields and fields <= set(old.RESULT_FIELDS)
        return "exact name, the fields of the validator" if known else None
    if kind == "ConfigMap" and name in old.MODEL_MAPS:
        return "exact name, every value is a model" if holds_models(item) else None
    if kind == "Template" and name == old.SERVING_TEMPLATE:
        runtimes = [(one.get("kind"), _name(one)) for one in item.get("objects") or []]
        expected = [("ServingRuntime", old.TEMPLATE_RUNTIME)]
        return f"exact name, holds only {old.TEMPLATE_RUNTIME}" if runtimes == expected else None
    if kind == "Secret" and name == old.IMAGE_PULL_SECRET:
        fits = item.get("type") == old.DOCKER_CONFIG and login_digest(item) is not None
        return f"exact name, a login for {names.REGISTRY} alone" if fits else None
    return None


def holds_models(config_map: Manifest) -> bool:
    """Say whether every value of a ConfigMap is a model as the old products wrote it."""
    if config_map.get("binaryData") or not config_map.get("data"):
        return False
    return all(_is_model(key, text) for key, text in config_map["data"].items())


def _is_model(key: str, text: str) -> bool:
    try:
        model = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(model, dict) and model.keys() >= _MODEL_FIELDS and model["name"] == key


def proves_access_key(secret: Manifest, accounts: Sequence[Manifest]) -> str | None:
    """Prove the admin's key: named by an Account beside it, or of the dashboard's shape."""
    if secret["metadata"]["name"] != old.ACCESS_SECRET or _is_new(secret):
        return None
    if secret.get("type", _OPAQUE) != _OPAQUE or key_digest(secret, old.ACCESS_FIELD) is None:
        return None
    if secret["metadata"].get("ownerReferences"):
        return None
    for account in accounts:
        if key_secret_of(account) == (
            secret["metadata"]["namespace"],
            secret["metadata"]["name"],
        ):
            return f"named by Account/{_name(account)}"
    marks = (names.DASHBOARD_LABEL, names.MANAGED_LABEL)
    marked = any(labels(secret).get(mark) == "true" for mark in marks)
    return f"exact name, field {old.ACCESS_FIELD}, the dashboard's label" if marked else None


def key_secret_of(account: Manifest) -> tuple[str, str]:
    """Say which Secret an Account reads its key from, as namespace and name."""
    reference = (account.get("spec") or {}).get("apiKeySecret") or {}
    namespace = reference.get("namespace") or account["metadata"]["namespace"]
    return namespace, str(reference.get("name", ""))


def is_bare(secret: Manifest) -> bool:
    """Say whether a Secret carries no mark of anybody, as the old dashboard made them."""
    metadata = secret["metadata"]
    marks = ("labels", "annotations", "ownerReferences", "finalizers")
    return not any(metadata.get(mark) for mark in marks)


def has_old_key_shape(secret: Manifest) -> bool:
    """Say whether `nvidia-nim-secrets` looks like a copy that the old dashboard made."""
    one_field = set(secret.get("data") or {}) == {names.API_KEY_FIELD}
    return is_bare(secret) and secret.get("type", _OPAQUE) == _OPAQUE and one_field


def has_old_pull_shape(secret: Manifest) -> bool:
    """Say whether `ngc-secret` looks like a copy that the old dashboard made."""
    return (
        is_bare(secret)
        and secret.get("type") == old.DOCKER_CONFIG
        and set(secret.get("data") or {}) == {names.DOCKER_CONFIG_FIELD}
        and login_digest(secret) is not None
    )


def copy_digest(secret: Manifest) -> str | None:
    """Digest the key of a project's Secret of the old shape; None where it has another shape."""
    if secret["metadata"]["name"] == old.PROJECT_KEY and has_old_key_shape(secret):
        return key_digest(secret, names.API_KEY_FIELD)
    if secret["metadata"]["name"] == old.PROJECT_PULL and has_old_pull_shape(secret):
        return login_digest(secret)
    return None


def is_generation_3_key(secret: Manifest) -> bool:
    """Say whether `nvidia-nim-secrets` is a user's own key that the newer dashboard stored."""
    fields = set(secret.get("data") or {})
    marked = labels(secret).get(names.MANAGED_LABEL) == "true"
    return marked and not _is_new(secret) and fields >= set(names.API_KEY_FIELDS)


def proves_cluster_role(role: Manifest) -> str | None:
    """Prove one of the two roles for Accounts by name and both labels."""
    found = labels(role)
    marked = all(found.get(key) == text for key, text in old.CLUSTER_ROLE_LABELS.items())
    named = _name(role) in old.CLUSTER_ROLES
    return "exact name and both labels" if named and marked and _only_accounts(role) else None


def proves_access_role(role: Manifest) -> str | None:
    """Prove the Role that let everybody read Accounts."""
    verbs = {verb for rule in role.get("rules") or [] for verb in rule.get("verbs") or []}
    fits = _name(role) == old.ACCESS_ROLE and verbs <= _ACCOUNT_VERBS and _only_accounts(role)
    return "exact name, label and rule" if fits and _is_dashboards(role) else None


def proves_access_binding(binding: Manifest) -> str | None:
    """Prove the RoleBinding of that Role."""
    role = binding.get("roleRef") or {}
    named = _name(binding) == old.ACCESS_BINDING and role.get("name") == old.ACCESS_ROLE
    return "exact name, label and Role" if named and _is_dashboards(binding) else None


def webhook_index(webhooks: Manifest) -> int | None:
    """Find the one entry for Accounts by name and path."""
    for index, entry in enumerate(webhooks.get("webhooks") or []):
        service = (entry.get("clientConfig") or {}).get("service") or {}
        if entry.get("name") == old.WEBHOOK_ENTRY and service.get("path") == old.WEBHOOK_PATH:
            return index
    return None


def finalizers_of(item: Manifest) -> list[str]:
    """Give the finalizers of an object."""
    return list(item["metadata"].get("finalizers") or [])


def is_going(item: Manifest) -> bool:
    """Say whether an object is being deleted already."""
    return bool(item["metadata"].get("deletionTimestamp"))


def _only_accounts(role: Manifest) -> bool:
    rules = role.get("rules") or []
    resources = {name for rule in rules for name in rule.get("resources") or []}
    groups = {name for rule in rules for name in rule.get("apiGroups") or []}
    own = {"accounts", "accounts/status", "accounts/finalizers"}
    return bool(rules) and groups == {old.ACCOUNT_GROUP} and resources <= own


def _is_dashboards(item: Manifest) -> bool:
    return labels(item).get("app") in old.DASHBOARD_APPS


def _is_new(item: Manifest) -> bool:
    return labels(item).get(names.MANAGED_BY_LABEL) == names.MANAGED_BY


def _name(item: Manifest) -> str:
    return str((item.get("metadata") or {}).get("name", ""))


def managers_of_data(config_map: Manifest) -> Iterator[str]:
    """Name who wrote the data of a ConfigMap, as the API server remembers it."""
    for entry in config_map["metadata"].get("managedFields") or []:
        if "f:data" in (entry.get("fieldsV1") or {}):
            yield str(entry.get("manager", ""))


def is_customised(config_map: Manifest, account: Manifest) -> str | None:
    """Say why an Account's catalogue is an admin's work and must be saved; None where it is not."""
    owner = account_owner(config_map)
    if owner is None or owner.uid != account["metadata"]["uid"]:
        return "no Account owns it: an admin made it"
    if not holds_models(config_map):
        return "it holds entries that the old controller does not write"
    managers = set(managers_of_data(config_map))
    others = managers - {old.CONTROLLER_MANAGER}
    by_hand = any(manager.startswith(_HANDS) for manager in others)
    if others and (by_hand or old.CONTROLLER_MANAGER in managers):
        return f"its entries were changed by {', '.join(sorted(others))}"
    return None
