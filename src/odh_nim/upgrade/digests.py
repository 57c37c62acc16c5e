"""Tells whether two keys are one, without a key ever being kept, printed or compared openly.

Each process makes its own secret for the digests, so a digest that leaks says nothing, and one of
another run matches nothing.
"""

import hmac
import json
import secrets
from base64 import b64decode
from hashlib import sha256
from typing import Any, Final

from odh_nim.domain import names
from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.manifest import Manifest

_PROCESS: Final = secrets.token_bytes(32)


def key_digest(secret: Manifest, field: str) -> str | None:
    """Digest one field of a Secret; None where it is not there or no text."""
    value = field_of(secret, field)
    return _digest(value) if value is not None else None


def login_digest(secret: Manifest) -> str | None:
    """Digest the key of a pull Secret for NVIDIA's registry; None where it is something else."""
    password = nvidia_password(secret)
    return _digest(password) if password is not None else None


def digest_of(key: ApiKey) -> str:
    """Digest a key that an admin gave."""
    return _digest(key.reveal())


def field_of(secret: Manifest, field: str) -> str | None:
    """Decode one field of a Secret."""
    value = (secret.get("data") or {}).get(field)
    if not isinstance(value, str):
        return None
    try:
        return b64decode(value, validate=True).decode()
    except ValueError:
        return None


def nvidia_password(secret: Manifest) -> str | None:
    """Read the key of a pull Secret that is for NVIDIA's registry and nothing else."""
    try:
        config: Any = json.loads(field_of(secret, names.DOCKER_CONFIG_FIELD) or "")
        logins = config["auths"]
        login = logins[names.REGISTRY]
        user, password = login["username"], login["password"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    alone = set(config) == {"auths"} and set(logins) == {names.REGISTRY}
    fits = alone and user == names.REGISTRY_USER and isinstance(password, str)
    return password if fits else None


def _digest(text: str) -> str:
    # White space at an end is a slip of the hand, not another key.
    return hmac.new(_PROCESS, text.strip().encode(), sha256).hexdigest()
