"""Which names a model deployment may have, and which one to propose.

Limits: KServe's own grammar; 53 characters by Open Data Hub's webhook; 63 for a route's DNS label
`{name}-{namespace}`; and 52 for name and namespace together, because KServe writes a label
`{name}-predictor-{namespace}`: beyond it the API server accepts the InferenceService, and no
Deployment is ever made (measured with KServe 0.20).
"""

import re
from typing import Final

from odh_nim.domain.errors import InvalidNameError

_GRAMMAR: Final = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_DNS_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_MAX_NAME: Final = 53
_MAX_HOST: Final = 63
_MAX_TOGETHER: Final = 52
_MAX_PROPOSED: Final = 30
# Names of KServe's built-in model servers.
_RESERVED: Final = (
    "kserve-huggingfaceserver", "kserve-huggingfaceserver-multinode", "kserve-lgbserver",
    "kserve-mlserver", "kserve-paddleserver", "kserve-pmmlserver", "kserve-sklearnserver",
    "kserve-tensorflow-serving", "kserve-torchserve", "kserve-tritonserver", "kserve-xgbserver",
    "kserve-predictiveserver",
)  # fmt: skip
_SYSTEM_PREFIXES: Final = ("kube-", "openshift-")
_SYSTEM_NAMESPACES: Final = ("openshift",)


def check_namespace(namespace: str, *, applications_namespace: str | None = None) -> None:
    """Refuse what is no project: bad grammar, system namespaces, the applications namespace.

    Raises:
        InvalidNameError: With the rule that is broken.

    """
    if not _DNS_LABEL.fullmatch(namespace) or len(namespace) > _MAX_HOST:
        raise InvalidNameError(
            namespace, "lower case letters, digits and dashes, at most 63 of them", of="project"
        )
    if namespace.startswith(_SYSTEM_PREFIXES) or namespace in _SYSTEM_NAMESPACES:
        raise InvalidNameError(namespace, "system namespaces are no projects", of="project")
    if namespace == applications_namespace:
        raise InvalidNameError(
            namespace,
            "it is the applications namespace, which holds no model deployments",
            remedy="Choose a project with -n.",
            of="project",
        )


def check_deployment_name(name: str, namespace: str) -> None:
    """Check a deployment's name against every limit, each with its own message.

    Raises:
        InvalidNameError: With the rule that is broken and, where one exists, a shorter proposal.

    """
    remedy = f"Try --name {propose_name(name, namespace)}."
    if not _GRAMMAR.fullmatch(name):
        raise InvalidNameError(
            name,
            "lower case letters, digits and dashes only, a letter first, no dash at the end",
            remedy=remedy,
        )
    if name in _RESERVED:
        raise InvalidNameError(
            name, "it is the name of one of KServe's own model servers", remedy=remedy
        )
    if len(name) > _MAX_NAME:
        raise InvalidNameError(name, f"{len(name)} characters, at most {_MAX_NAME}", remedy=remedy)
    if len(f"{name}-{namespace}") > _MAX_HOST:
        raise InvalidNameError(
            name,
            f"with the project it makes {len(name) + len(namespace) + 1} characters of a host "
            f"name, at most {_MAX_HOST}",
            remedy=remedy,
        )
    if len(name) + len(namespace) > _MAX_TOGETHER:
        raise InvalidNameError(
            name,
            f"name and project have {len(name) + len(namespace)} characters together, KServe "
            f"serves at most {_MAX_TOGETHER}",
            remedy=remedy,
        )


def propose_name(model: str, namespace: str) -> str:
    """Propose a valid name of at most 30 characters for a deployment of a model."""
    limit = max(1, min(_MAX_PROPOSED, _MAX_TOGETHER - len(namespace)))
    text = re.sub(r"[^a-z0-9]+", "-", model.lower()).strip("-")
    if not text[:1].isalpha():
        text = f"nim-{text}"
    proposed = text[:limit].strip("-")
    if proposed in _RESERVED:
        proposed = f"nim-{text}"[:limit].strip("-")
    return proposed or "nim"[:limit]
