"""What a real API server refuses, and how that reads."""

import asyncio
import contextlib
import ssl
from base64 import b64encode
from pathlib import Path

import pytest

from odh_nim.cluster import Client, Timeouts
from odh_nim.domain.errors import (
    AlreadyExistsError,
    ClusterError,
    ConflictError,
    ForbiddenError,
    NamespaceTerminatingError,
    NotFoundError,
    QuotaExceededError,
    RejectedError,
    ServerError,
)
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import (
    CONFIG_MAPS,
    INFERENCE_SERVICES,
    NAMESPACES,
    RESOURCE_QUOTAS,
    SECRETS,
    VALIDATING_WEBHOOKS,
)
from odh_nim.sandbox.testing import ControlPlane
from support.api_server import ApiServer, Reply, Seen
from support.pacing import FakeTime
from support.tls import Pki, make_pki

CANARY = "canary-of-a-key"


def secret(name: str = "key") -> Manifest:
    data = {"key": b64encode(CANARY.encode()).decode()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": data}


@pytest.mark.anyio
async def test_a_missing_right_names_verb_and_resource(control_plane: ControlPlane) -> None:
    """F9, R-KEY-16."""
    async with Client(control_plane.config_for("vera")) as vera:
        with pytest.raises(
            ForbiddenError,
            match="create Secret/key in team-a: user vera may not create secrets in project team-a",
        ) as failure:
            await vera.create(secret(), namespace="team-a")
        with pytest.raises(
            ForbiddenError, match=r"may not delete inferenceservices\.serving\.kserve\.io in"
        ):
            await vera.delete(INFERENCE_SERVICES, "x", "team-a")

    assert failure.value.exit_code == 4
    assert CANARY not in str(failure.value)


@pytest.mark.anyio
async def test_a_project_that_does_not_exist_is_named(control_plane: ControlPlane) -> None:
    """F9."""
    async with Client(control_plane.admin) as admin:
        with pytest.raises(NotFoundError, match='namespaces "nowhere" not found'):
            await admin.create(secret(), namespace="nowhere")


@pytest.mark.anyio
async def test_fields_that_are_wrong_are_named(control_plane: ControlPlane, namespace: str) -> None:
    """F13."""
    async with Client(control_plane.config_for("alice")) as alice:
        with pytest.raises(RejectedError, match=r"metadata\.name.*data\[a b\]"):
            await alice.create(
                secret("No_Name") | {"stringData": {"a b": "x"}}, namespace=namespace
            )
        with pytest.raises(RejectedError, match="illegal base64") as failure:
            await alice.create(secret() | {"data": {"key": CANARY}}, namespace=namespace)
        assert CANARY not in str(failure.value)
        with pytest.raises(RejectedError, match=r"\.dockerconfigjson") as failure:
            await alice.create(
                secret()
                | {
                    "type": "kubernetes.io/dockerconfigjson",
                    "stringData": {".dockerconfigjson": CANARY},
                },
                namespace=namespace,
            )
        assert CANARY not in str(failure.value)


@pytest.mark.anyio
async def test_a_quota_says_what_is_used_up(control_plane: ControlPlane, namespace: str) -> None:
    """F10."""
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "small"},
        "spec": {"hard": {"count/secrets": "2"}},
    }
    async with Client(control_plane.admin) as admin:
        await admin.create(quota, namespace=namespace)
        async with asyncio.timeout(20):
            while True:
                found = await admin.get(RESOURCE_QUOTAS, "small", namespace)
                if found.get("status", {}).get("used"):
                    break
                await asyncio.sleep(0.05)
    async with Client(control_plane.config_for("alice")) as alice:
        # At once: the server's own conflicts over the count are no failures.
        results = await asyncio.gather(
            *(alice.create(secret(f"key-{x}"), namespace=namespace) for x in range(6)),
            return_exceptions=True,
        )
        stored = await alice.list(SECRETS, namespace)

    failures = [result for result in results if isinstance(result, BaseException)]
    assert len(stored) == 2
    assert [type(failure) for failure in failures] == [QuotaExceededError] * 4
    assert "the quota small is used up (count/secrets: 2 of 2 used, 1 more wanted)" in str(
        failures[0]
    )


@pytest.mark.anyio
async def test_a_project_that_is_being_deleted_takes_nothing(
    control_plane: ControlPlane, namespace: str
) -> None:
    """F11."""
    held: Manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "held", "finalizers": ["test.example/hold"]},
    }
    async with Client(control_plane.admin) as admin:
        await admin.create(held, namespace=namespace)
        await admin.delete(NAMESPACES, namespace)
        try:
            with pytest.raises(NamespaceTerminatingError, match="being deleted"):
                await admin.create(secret(), namespace=namespace)
            await admin.delete(CONFIG_MAPS, "held", namespace)
            with pytest.raises((AlreadyExistsError, NamespaceTerminatingError)):
                await admin.create(held, namespace=namespace)
        finally:
            merge = {"metadata": {"finalizers": None}}
            await admin.patch(CONFIG_MAPS, "held", namespace, merge=merge)


def webhook(namespace: str, url: str, ca: bytes) -> Manifest:
    """Ask a server about each Secret of one project."""
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": namespace},
        "webhooks": [
            {
                "name": "keys.test.example",
                "clientConfig": {"url": url, "caBundle": b64encode(ca).decode()},
                "rules": [
                    {
                        "apiGroups": [""],
                        "apiVersions": ["v1"],
                        "operations": ["CREATE"],
                        "resources": ["secrets"],
                    }
                ],
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
                "timeoutSeconds": 2,
            }
        ],
    }


def without_client_certificates(pki: Pki) -> ssl.SSLContext:
    pki.server.verify_mode = ssl.CERT_NONE
    return pki.server


async def until_asked(client: Client, namespace: str, server: ApiServer) -> None:
    """Wait until the API server has taken the webhook up."""
    async with asyncio.timeout(20):
        while not server.seen:
            with contextlib.suppress(ClusterError):
                await client.create(secret("probe"), namespace=namespace, dry_run=True)
            await asyncio.sleep(0.05)


@pytest.mark.anyio
async def test_a_webhooks_denial_is_final_and_its_absence_is_not(
    control_plane: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    """F12, R-DEP-04."""

    def deny(seen: Seen) -> Reply:
        status = {"code": 403, "message": "the key is\x1b[31m too nice\nfor this"}
        response = {"uid": seen.json["request"]["uid"], "allowed": False, "status": status}
        review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}
        return Reply(200, review | {"response": response})

    time = FakeTime()
    pki = make_pki(tmp_path)
    async with (
        Client(control_plane.admin) as admin,
        Client(
            control_plane.config_for("alice"),
            timeouts=Timeouts(operation=20),
            pacing=time.pacing(),
        ) as alice,
    ):
        try:
            async with ApiServer(deny, tls=without_client_certificates(pki)) as server:
                await admin.create(webhook(namespace, f"{server.url}/", pki.ca))
                await until_asked(alice, namespace, server)
                for client in (alice, alice.dry_run()):
                    time.slept.clear()
                    with pytest.raises(RejectedError) as denial:
                        await client.create(secret(), namespace=namespace)
                    assert time.slept == []
            time.slept.clear()
            with pytest.raises(ServerError, match="failed calling webhook") as absence:
                await alice.create(secret(), namespace=namespace)
            stored = await alice.list(SECRETS, namespace)
        finally:
            await admin.delete(VALIDATING_WEBHOOKS, namespace)

    assert str(denial.value).endswith(
        "the key is [31m too nice for this (refused by keys.test.example)."
    )
    assert time.slept == [0.25, 0.5, 1, 2, 4]
    assert CANARY not in str(absence.value)
    assert stored == []


@pytest.mark.anyio
async def test_a_conflict_is_told_from_a_name_that_is_taken(
    control_plane: ControlPlane, namespace: str
) -> None:
    """F1, F3."""
    async with Client(control_plane.config_for("alice")) as alice:
        stored = await alice.create(secret(), namespace=namespace)
        with pytest.raises(AlreadyExistsError):
            await alice.create(secret(), namespace=namespace)
        stored["metadata"]["resourceVersion"] = "1"
        with pytest.raises(ConflictError):
            await alice.replace(stored)
