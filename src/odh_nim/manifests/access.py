"""Access by token: the objects that the stock dashboard makes, under its names."""

from typing import Final

from odh_nim.domain import names
from odh_nim.domain.deployment_spec import DeploymentSpec
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import (
    INFERENCE_SERVICES,
    ROLE_BINDINGS,
    ROLES,
    SECRETS,
    SERVICE_ACCOUNTS,
    ApiResource,
)

_TOKEN_TYPE: Final = "kubernetes.io/service-account-token"  # noqa: S105 - a type of Secret
_ACCOUNT: Final = "kubernetes.io/service-account.name"
_MANAGED_BY: Final = {names.MANAGED_BY_LABEL: names.MANAGED_BY}


def build_token_objects(spec: DeploymentSpec, *, request_id: str) -> list[Manifest]:
    """Build ServiceAccount, Role, RoleBinding and a Secret per token, in the order of creation.

    None where the deployment lets everybody in. The token itself is filled in by the cluster.
    """
    if not spec.auth:
        return []
    account = names.service_account(spec.name)
    role = names.view_role(spec.name)
    group = ROLES.group
    return [
        # Without the dashboard's label, as in stock.
        _object(SERVICE_ACCOUNTS, account, spec, request_id, labels=_MANAGED_BY),
        _object(ROLES, role, spec, request_id)
        | {
            "rules": [
                {
                    "apiGroups": [INFERENCE_SERVICES.group],
                    "resources": [INFERENCE_SERVICES.plural],
                    "resourceNames": [spec.name],
                    "verbs": ["get"],
                }
            ]
        },
        _object(ROLE_BINDINGS, names.view_role_binding(spec.name), spec, request_id)
        | {
            "roleRef": {"apiGroup": group, "kind": ROLES.kind, "name": role},
            "subjects": [
                {"kind": SERVICE_ACCOUNTS.kind, "name": account, "namespace": spec.namespace}
            ],
        },
        *(_token(token, spec, request_id) for token in spec.tokens),
    ]


def _token(token: str, spec: DeploymentSpec, request_id: str) -> Manifest:
    secret = _object(SECRETS, names.token_secret(token, spec.name), spec, request_id)
    secret["metadata"]["annotations"] |= {
        _ACCOUNT: names.service_account(spec.name),
        names.DISPLAY_NAME: token,
    }
    return secret | {"type": _TOKEN_TYPE}


def _object(
    resource: ApiResource,
    name: str,
    spec: DeploymentSpec,
    request_id: str,
    *,
    labels: dict[str, str] = names.OBJECT_LABELS,
) -> Manifest:
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {
            "name": name,
            "namespace": spec.namespace,
            "labels": dict(labels),
            "annotations": {names.REQUEST_ID: request_id},
        },
    }
