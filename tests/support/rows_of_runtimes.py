"""Rows about the ServingRuntime and its container."""

from odh_nim.domain.deployment_spec import KeyChoice
from odh_nim.domain.protocol import Protocol
from support.expected import (
    A2X,
    NINE,
    SHM,
    Row,
    cache_volume,
    claim_of,
    key_reference,
    mounts,
    native_mounts,
    port_variables,
    ports,
    probes,
    secret_names,
    volume,
    wanted_probes,
)

ROWS: list[Row] = [
    (
        "SR and container refer to the two Secrets, or to none",
        lambda b: (
            b.runtime["spec"].get("imagePullSecrets")
            == (None if b.spec.key is KeyChoice.NONE else [{"name": secret_names(b)[1]}])
        ),
    ),
    (
        "container reads the key from the variable that its image knows",
        lambda b: (
            {name: item["valueFrom"] for name, item in b.env.items() if "valueFrom" in item}
            == (
                {}
                if b.spec.key is KeyChoice.NONE
                else {
                    "NGC_CLI_API_KEY" if b.spec.model.name == "molmim" else "NGC_API_KEY": (
                        key_reference(b)
                    )
                }
            )
        ),
    ),
    (
        "container has the cache path and the variables of its ports, nothing else",
        lambda b: (
            {name: item["value"] for name, item in b.env.items() if "value" in item}
            == {"NIM_CACHE_PATH": "/mnt/models/cache"} | port_variables(b)
        ),
    ),
    ("container has nine mounts, and what its family needs", lambda b: set(mounts(b)) >= NINE),
    (
        "the claim is the volume of its name, at the cache path",
        lambda b: (
            mounts(b)["/mnt/models/cache"] == (cache_volume(b), claim_of(b)[1])
            and volume(b, cache_volume(b))["persistentVolumeClaim"] == {"claimName": claim_of(b)[0]}
        ),
    ),
    (
        "newer retriever images have their caches in the same claim",
        lambda b: (
            {path: item for path, item in mounts(b).items() if path in ("/model", "/opt/cache")}
            == native_mounts(b)
        ),
    ),
    (
        "further folders are writable where the image needs them",
        lambda b: (
            set(mounts(b)) - NINE - set(native_mounts(b))
            == ({A2X} if b.spec.model.family == "audio2face-3d" else set())
        ),
    ),
    (
        "every mount has its volume, and every volume is mounted",
        lambda b: (
            {name for name, _ in mounts(b).values()}
            == {item["name"] for item in b.runtime["spec"]["volumes"]}
        ),
    ),
    (
        "shared memory is declared with a limit",
        lambda b: (
            mounts(b)[SHM] == ("shm", None)
            and volume(b, "shm")["emptyDir"] == {"medium": "Memory", "sizeLimit": b.spec.shm_size}
        ),
    ),
    ("container has three probes on the HTTP port", lambda b: probes(b) == wanted_probes(b)),
    ("container asks for no resources", lambda b: "resources" not in b.container),
    (
        "container's ports are the family's, gRPC first",
        lambda b: (
            [(item["name"], item["containerPort"]) for item in b.container["ports"]] == ports(b)
            and all(item["protocol"] == "TCP" for item in b.container["ports"])
        ),
    ),
    (
        "SR has one format, which nobody gets by chance",
        lambda b: (
            b.runtime["spec"]["supportedModelFormats"]
            == [
                {
                    "name": b.spec.model.name,
                    "version": b.spec.tag,
                    "autoSelect": False,
                    "priority": 1,
                }
            ]
        ),
    ),
    (
        "SR is no ModelMesh runtime and speaks its protocol",
        lambda b: (
            b.runtime["spec"]["multiModel"] is False
            and b.runtime["spec"]["protocolVersions"]
            == (["v2"] if b.spec.protocol is Protocol.HTTP else ["grpc-v2"])
        ),
    ),
    (
        "image is the tag byte for byte",
        lambda b: b.container["image"] == f"nvcr.io/{b.spec.model.repository}:{b.spec.tag}",
    ),
]
