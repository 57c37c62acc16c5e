import pytest

from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import CONFIG_MAPS, SECRETS
from odh_nim.sandbox.kubelet.references import Reference, fault_of, references, volume_references
from support.kubelet_pods import pod


def test_required_references_of_a_container_are_listed() -> None:
    """R-DEP-16."""
    container = {
        "env": [
            {"name": "PLAIN", "value": "1"},
            {"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
            {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}},
            {
                "name": "C",
                "valueFrom": {"secretKeyRef": {"name": "maybe", "key": "k", "optional": True}},
            },
            {"name": "D", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        ],
        "envFrom": [
            {"secretRef": {"name": "whole"}},
            {"configMapRef": {"name": "maybe", "optional": True}},
        ],
    }

    assert list(references(container)) == [
        Reference(SECRETS, "s", "k"),
        Reference(CONFIG_MAPS, "c", "k"),
        Reference(SECRETS, "whole"),
    ]


def test_required_references_of_volumes_are_listed() -> None:
    made = pod()
    made["spec"]["volumes"] = [
        {"name": "empty", "emptyDir": {}},
        {"name": "config", "configMap": {"name": "c", "items": [{"key": "k", "path": "p"}]}},
        {"name": "secret", "secret": {"secretName": "s"}},
        {"name": "maybe", "secret": {"secretName": "m", "optional": True}},
        {
            "name": "token",
            "projected": {
                "sources": [
                    {"serviceAccountToken": {"path": "token"}},
                    {"configMap": {"name": "kube-root-ca.crt"}},
                ]
            },
        },
    ]

    assert list(volume_references(made)) == [
        ("config", Reference(CONFIG_MAPS, "c", "k")),
        ("secret", Reference(SECRETS, "s")),
        ("token", Reference(CONFIG_MAPS, "kube-root-ca.crt")),
    ]


@pytest.mark.parametrize(
    ("key", "found", "fault"),
    [
        (None, {}, ""),
        ("k", {"data": {"k": "eA=="}}, ""),
        ("k", None, 'secret "s" not found'),
        ("k", {}, "couldn't find key k in Secret team-a/s"),
        ("k", {"data": {"other": "eA=="}}, "couldn't find key k in Secret team-a/s"),
    ],
)
def test_what_is_missing_is_said_as_a_kubelet_says_it(
    key: str | None, found: Manifest | None, fault: str
) -> None:
    assert fault_of(Reference(SECRETS, "s", key), found, "team-a") == fault
