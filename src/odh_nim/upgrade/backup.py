"""A copy of every object before it is deleted or changed. Secrets only encrypted, and on request.

Without the request a Secret is written with the names of its fields and no content.
"""

import copy
import json
import os
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from odh_nim.domain.errors import InputError, NotFoundError, OutputError
from odh_nim.domain.manifest import Manifest
from odh_nim.manifests.redact import redact
from odh_nim.manifests.yaml import dump_all
from odh_nim.upgrade.plan import Item
from odh_nim.upgrade.ports import ReadingCluster

SECRETS_FILE: Final = "secrets.encrypted.json"
_FORMAT: Final = "odh-nim-backup/v1"
_COST: Final = {"n": 2**15, "r": 8, "p": 1}
_PRIVATE: Final = 0o600
_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"


@dataclass(frozen=True)
class Backup:
    """Where copies go; with a passphrase Secrets are kept too, encrypted with it."""

    folder: Path
    passphrase: str | None = field(default=None, repr=False)

    async def save(self, cluster: ReadingCluster, items: Iterable[Item]) -> None:
        """Write a copy of everything that is going to change.

        Raises:
            OutputError: It cannot be written; then nothing is changed either.

        """
        objects: list[Manifest] = []
        for item in items:
            subject = item.subject
            try:
                found = await cluster.get(subject.resource, subject.name, subject.namespace or None)
            except NotFoundError:
                continue
            objects.append(_portable(found))
        secrets = [item for item in objects if item["kind"] == "Secret"]
        self._write("objects.yaml", dump_all([redact(item) for item in objects]))
        if self.passphrase is not None and secrets:
            self._write(SECRETS_FILE, json.dumps(encrypt(secrets, self.passphrase), indent=1))

    def _write(self, name: str, text: str) -> None:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = _free(self.folder / name)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise OutputError(self.folder / name, error) from error


def _free(path: Path) -> Path:
    """Find a name that is not taken: an older backup is never written over."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(
            f"{path.name.partition('.')[0]}-{number}.{path.name.partition('.')[2]}"
        )
    return free


def _portable(found: Manifest) -> Manifest:
    """Take away what only the old cluster knows, so that the copy can be applied again."""
    kept = copy.deepcopy(found)
    kept.pop("status", None)
    for name in ("resourceVersion", "managedFields", "generation", "creationTimestamp"):
        kept["metadata"].pop(name, None)
    # Client-side apply leaves the whole object here, a Secret's content too.
    (kept["metadata"].get("annotations") or {}).pop(_LAST_APPLIED, None)
    return kept


def encrypt(secrets: list[Manifest], passphrase: str) -> dict[str, Any]:
    """Encrypt Secrets: scrypt makes a key of the passphrase, AES-GCM guards the text."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - seldom

    salt, nonce = os.urandom(16), os.urandom(12)
    text = json.dumps(secrets).encode()
    sealed = AESGCM(_key(passphrase, salt)).encrypt(nonce, text, _FORMAT.encode())
    return {
        "format": _FORMAT,
        "kdf": "scrypt",
        **_COST,
        "salt": b64encode(salt).decode(),
        "nonce": b64encode(nonce).decode(),
        "sealed": b64encode(sealed).decode(),
    }


def decrypt(document: dict[str, Any], passphrase: str) -> list[Manifest]:
    """Open an encrypted backup.

    Raises:
        InputError: It is none, it is damaged, or the passphrase is another one.

    """
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - seldom
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - seldom

    try:
        salt, nonce, sealed = (b64decode(document[name]) for name in ("salt", "nonce", "sealed"))
        text = AESGCM(_key(passphrase, salt)).decrypt(nonce, sealed, _FORMAT.encode())
        found: list[Manifest] = json.loads(text)
    except (KeyError, ValueError, TypeError) as error:
        raise InputError("This is no encrypted backup of odh-nim, or it is damaged.") from error
    except InvalidTag as error:
        raise InputError("The passphrase is wrong, or the backup is damaged.") from error
    return found


def _key(passphrase: str, salt: bytes) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt  # noqa: PLC0415 - seldom

    return Scrypt(salt=salt, length=32, **_COST).derive(passphrase.encode())
