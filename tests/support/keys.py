"""A project's Secrets with versions, rights and faults; NVIDIA and its registry as they answer."""

import asyncio
import copy
import itertools
import json
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any

from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.errors import (
    AlreadyExistsError,
    ConflictError,
    NotFoundError,
    OdhNimError,
)
from odh_nim.domain.image import ImageReference
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import ApiResource

CANARY = "nvapi-CANARY-0123456789-abcdefghij"
OTHER = "nvapi-OTHER-KEY-9876543210-zyxwvuts"
PROJECT = "team-a"


def encoded(text: str) -> str:
    return b64encode(text.encode()).decode()


def key_secret(
    value: str = CANARY,
    *,
    name: str = "nvidia-nim-secrets",
    fields: tuple[str, ...] = ("NGC_API_KEY", "api_key"),
    labels: dict[str, str] | None = None,
    kind: str = "Opaque",
    annotations: dict[str, str] | None = None,
) -> Manifest:
    """Build a Secret under the key's name: ours, unless labels or fields say otherwise."""
    ours = {"opendatahub.io/managed": "true", "app.kubernetes.io/managed-by": "odh-nim"}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "namespace": PROJECT,
            "labels": ours if labels is None else labels,
            "annotations": {"nim.opendatahub.io/key-revision": "r1"}
            if annotations is None
            else annotations,
        },
        "type": kind,
        "data": dict.fromkeys(fields, encoded(value)),
    }


def pull_secret(
    value: str = CANARY,
    *,
    name: str = "nvidia-nim-image-pull",
    user: str = "$oauthtoken",
    labels: dict[str, str] | None = None,
    kind: str = "kubernetes.io/dockerconfigjson",
) -> Manifest:
    """Build a Secret under the pull Secret's name, as `key_secret` does."""
    login = {"auths": {"nvcr.io": {"username": user, "password": value}}}
    secret = key_secret(name=name, labels=labels, kind=kind)
    return secret | {"data": {".dockerconfigjson": encoded(json.dumps(login))}}


@dataclass
class Fault:
    """What happens instead of an answer to one call.

    `stored` writes first and then loses the reply; `hangs` never answers; `late` stores only after
    that many seconds; `before` runs first, as somebody else at the same moment would.
    """

    error: Exception | None = None
    stored: bool = False
    hangs: bool = False
    late: float = 0
    before: Any = None


@dataclass
class FakeSecrets:
    """The Secrets of one project; fits what `keys` asks of a cluster.

    `faults` is by call, as `create Secret/name`, and used up by it; `*` in place of the name fits
    every Secret and stays.
    """

    faults: dict[str, Fault] = field(default_factory=dict)
    denied: set[str] = field(default_factory=set)
    objects: dict[str, Manifest] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    _versions: Any = field(default_factory=lambda: itertools.count(100))

    def put(self, *secrets: Manifest) -> "FakeSecrets":
        """Store as somebody else would."""
        for secret in secrets:
            self._store(copy.deepcopy(secret))
        return self

    def snapshot(self) -> dict[str, Manifest]:
        """Give what is stored, without the versions that every write changes."""
        found = copy.deepcopy(self.objects)
        for secret in found.values():
            del secret["metadata"]["resourceVersion"]
        return found

    @property
    def writes(self) -> list[str]:
        return [call for call in self.calls if not call.startswith("get")]

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        assert namespace == PROJECT
        await self._meet(f"get {resource.kind}/{name}", lambda: None)
        return copy.deepcopy(self._find(name))

    async def create(self, manifest: Manifest, *, namespace: str | None = None) -> Manifest:
        name = manifest["metadata"]["name"]
        assert namespace == PROJECT

        def store() -> None:
            if name in self.objects:
                raise AlreadyExistsError(f"create Secret/{name}", "it is there", status=409)
            self._store(copy.deepcopy(manifest))

        await self._meet(f"create Secret/{name}", store)
        return copy.deepcopy(self.objects[name])

    async def replace(self, manifest: Manifest, *, namespace: str | None = None) -> Manifest:
        name = manifest["metadata"]["name"]

        def store() -> None:
            found = self._find(name)
            self._match(found, manifest["metadata"].get("resourceVersion"))
            self._store(copy.deepcopy(manifest))

        await self._meet(f"replace Secret/{name}", store)
        return copy.deepcopy(self.objects[name])

    async def delete(
        self,
        resource: ApiResource,
        name: str,
        namespace: str | None = None,
        *,
        uid: str | None = None,
        resource_version: str | None = None,
    ) -> None:
        def remove() -> None:
            found = self._find(name)
            self._match(found, resource_version)
            assert uid == found["metadata"]["uid"], "deleted without its uid"
            del self.objects[name]

        await self._meet(f"delete Secret/{name}", remove)

    async def can_i(self, verb: str, resource: ApiResource, namespace: str | None = None) -> bool:
        assert (resource.plural, namespace) == ("secrets", PROJECT)
        return verb not in self.denied

    def _find(self, name: str) -> Manifest:
        if name not in self.objects:
            raise NotFoundError(f"get Secret/{name}", "not found", status=404)
        return self.objects[name]

    def _match(self, found: Manifest, version: str | None) -> None:
        if version != found["metadata"]["resourceVersion"]:
            raise ConflictError("write", "it was changed", status=409)

    def _store(self, secret: Manifest) -> None:
        metadata = secret["metadata"]
        metadata.setdefault("uid", f"uid-{metadata['name']}")
        metadata["resourceVersion"] = str(next(self._versions))
        self.objects[metadata["name"]] = secret

    async def _meet(self, call: str, act: Any) -> None:
        """Do what a call does, or what its fault makes of it."""
        self.calls.append(call)
        verb = call.split(maxsplit=1)[0]
        fault = self.faults.pop(call, None) or self.faults.get(f"{verb} *") or Fault()
        if fault.before:
            fault.before()
        if fault.late:
            self.reached.set()
            await asyncio.sleep(fault.late)
        if fault.error is None or fault.stored:
            act()
        if fault.hangs:
            self.reached.set()
            await asyncio.Event().wait()
        if fault.error is not None:
            raise fault.error


@dataclass(frozen=True)
class Caller:
    """What NVIDIA tells about a key."""

    type: str | None = "PERSONAL_KEY"
    products: tuple[str, ...] | None = ("private-registry",)


@dataclass
class FakeNvidia:
    """NVIDIA's key check: one answer, or one error."""

    answer: Caller | OdhNimError | None = field(default_factory=Caller)
    asked: int = 0

    async def caller_info(self, key: ApiKey) -> Caller:
        self.asked += 1
        if self.answer is None:
            await asyncio.Event().wait()
        if isinstance(self.answer, OdhNimError):
            raise self.answer
        assert self.answer is not None
        return self.answer


@dataclass(frozen=True)
class Pull:
    """What the registry says about one image."""

    outcome: str = "allowed"
    blocks: bool = False
    message: str = "The key may pull it."
    remedy: str = ""


@dataclass
class FakeRegistry:
    """NVIDIA's registry: an answer by image, `allowed` for all others."""

    answers: dict[str, Pull] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def check_pull(self, image: ImageReference, key: ApiKey) -> Pull:
        self.asked.append(str(image))
        return self.answers.get(str(image), Pull())
