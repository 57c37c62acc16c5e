"""The harness catches what it is for: planted half-states, harm to others, leaked keys."""

import base64
import json
import logging
from typing import Any
from urllib.parse import quote

import pytest

from faults.deployment.stage import KEY, PAUSES, Stage
from odh_nim.cluster import Client
from odh_nim.deployment import deploy
from odh_nim.domain.errors import DeployFailedError, RejectedError
from odh_nim.domain.manifest import Manifest, describe
from odh_nim.domain.resources import (
    CONFIG_MAPS,
    PERSISTENT_VOLUME_CLAIMS,
    SECRETS,
    ApiResource,
)
from support.faults import Fault, Plan
from support.leaks import leaks
from support.witness import half_states, key_places, look

# The creation of the InferenceService: everything before it is there.
LAST = 9


class NoRollback:
    """A client that deletes nothing and says that it went well."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def delete(
        self,
        resource: ApiResource,
        name: str,
        namespace: str | None = None,
        *,
        uid: str | None = None,
    ) -> None:
        return


@pytest.mark.anyio
async def test_removed_rollback_is_caught(stage: Stage) -> None:
    """R-TST-04: the same scenario as in the matrix, with its rollback taken away."""
    plan = stage.plan("planted")
    before = await stage.look()
    stage.proxy.play(Plan(LAST, Fault.INVALID))

    with pytest.raises(DeployFailedError) as failure:
        await deploy(NoRollback(stage.cluster), plan, pauses=PAUSES)

    assert failure.value.leftovers == ()
    made = [describe(item) for item in plan.manifests[:-1]]
    wrong = half_states(
        before,
        await stage.look(),
        request_id=plan.request_id,
        whole={describe(item) for item in plan.manifests},
        listed=set(),
    )
    assert sorted(wrong) == sorted(f"half-made: {name}" for name in made)


@pytest.mark.anyio
async def test_harm_to_somebody_else_is_caught(stage: Stage) -> None:
    """R-TST-04, I2."""
    before = await stage.look()
    await stage.admin.delete(SECRETS, "nvidia-nim-secrets-other", stage.namespace)
    await stage.admin.patch(
        PERSISTENT_VOLUME_CLAIMS,
        "nim-pvc-other",
        stage.namespace,
        merge={"metadata": {"labels": {"taken": "over"}}},
    )

    wrong = half_states(
        before, await stage.look(), request_id="r", whole=set(), listed={"Secret/ours"}
    )

    assert sorted(wrong) == [
        "listed but gone: Secret/ours",
        "not ours, but changed: PersistentVolumeClaim/nim-pvc-other",
        "not ours, but gone: Secret/nvidia-nim-secrets-other",
    ]


@pytest.mark.anyio
async def test_key_in_an_object_is_found(stage: Stage) -> None:
    """R-TST-04, I3: in an annotation, a label's neighbour, an event, somebody's ConfigMap."""
    encoded = base64.b64encode(KEY.encode()).decode()
    for name, text in (("plain", KEY), ("encoded", encoded), ("typed", quote(f"k={KEY}&x"))):
        await stage.admin.create(config_map(stage.namespace, name, data={"note": text}))
    await stage.admin.create(config_map(stage.namespace, "innocent", data={"note": KEY[:-4]}))
    await stage.admin.patch(
        SECRETS,
        "nvidia-nim-secrets-other",
        stage.namespace,
        merge={"metadata": {"annotations": {"last-applied": json.dumps({"key": KEY})}}},
    )
    await stage.admin.create(
        {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": "told", "namespace": stage.namespace},
            "involvedObject": {"namespace": stage.namespace},
            "message": f"pulling with $oauthtoken:{KEY}",
        }
    )

    assert await key_places(stage.admin, stage.namespace, KEY) == {
        "ConfigMap/plain",
        "ConfigMap/encoded",
        "ConfigMap/typed",
        "Secret/nvidia-nim-secrets-other",
        "Event/told",
    }
    listed = await look(stage.admin, stage.namespace, (CONFIG_MAPS,))
    assert "ConfigMap/innocent" in listed.objects


def test_key_in_an_error_or_a_log_is_found(caplog: pytest.LogCaptureFixture) -> None:
    """R-TST-04, I3, I7: as the matrix looks at errors and at the log."""
    caplog.set_level(logging.DEBUG, logger="odh_nim")
    error = RejectedError("create Secret/x", f"invalid value {KEY!r}.")

    logging.getLogger("odh_nim.cluster").debug("sent %s", {"authorization": f"Bearer {KEY}"})

    assert "plain" in leaks(f"{error!r} {error} {error.remedy}", KEY)
    assert "plain" in leaks(caplog.text, KEY)


def config_map(namespace: str, name: str, **parts: Any) -> Manifest:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, **parts}
