"""A manifest as it travels: the bytes as they are, because their hash is its name."""

import hashlib
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class RawManifest:
    """The bytes of a manifest and the type they were sent with."""

    body: bytes
    media_type: str

    @cached_property
    def digest(self) -> str:
        """The digest that the bytes have."""
        return f"sha256:{hashlib.sha256(self.body).hexdigest()}"
