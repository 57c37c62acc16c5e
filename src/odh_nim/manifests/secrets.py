"""The two Secrets that carry an NGC API key.

The kubelet needs the key to pull the image and the container needs it to download the model. Both
Secrets are built from one key here, so they cannot disagree.
"""

import json
from base64 import b64encode

from odh_nim.domain import names
from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.manifest import Manifest


def build_key_secrets(
    key: ApiKey,
    deployment: str | None = None,
    *,
    revision: str,
    checked_at: str | None = None,
    expires: str | None = None,
    request_id: str | None = None,
) -> tuple[Manifest, Manifest]:
    """Build the Secret the container reads and the one the kubelet pulls with.

    Without a deployment they are the project's, with one its own. `revision` is a random mark, the
    same on both: never anything derived from the key.
    """
    marks = {
        names.KEY_REVISION: revision,
        names.KEY_CHECKED_AT: checked_at,
        names.KEY_EXPIRES: expires,
        names.REQUEST_ID: request_id,
    }
    annotations = {name: text for name, text in marks.items() if text is not None}
    api_key = _secret(
        names.key_secret(deployment),
        "Opaque",
        # Both fields: the runtime reads one, the interface document names the other.
        dict.fromkeys(names.API_KEY_FIELDS, key.reveal()),
        annotations,
    )
    image_pull = _secret(
        names.pull_secret(deployment),
        "kubernetes.io/dockerconfigjson",
        {names.DOCKER_CONFIG_FIELD: _docker_config(key)},
        annotations,
    )
    return api_key, image_pull


def _docker_config(key: ApiKey) -> str:
    login = {"username": names.REGISTRY_USER, "password": key.reveal()}
    return json.dumps({"auths": {names.REGISTRY: login}})


def _secret(
    name: str, secret_type: str, data: dict[str, str], annotations: dict[str, str]
) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "labels": dict(names.SECRET_LABELS),
            "annotations": dict(annotations),
        },
        "type": secret_type,
        "data": {field: b64encode(text.encode()).decode() for field, text in data.items()},
    }
