"""The keys of the sandbox: dummies that look like keys, one per behaviour worth trying.

They are shorter than real ones, so that secret scanners do not fire on them.
"""

from dataclasses import dataclass
from typing import Final

_PRODUCTS: Final = ("ai-foundations", "nv-cloud-functions", "private-registry", "artifact-catalog")


@dataclass(frozen=True)
class DummyKey:
    """A key, and how NVIDIA's stand-in treats it.

    `check` is the status of the key check; `pull` that of every image's manifest (200 leaves it
    to the image); `in_europe` makes EU-restricted models answer 451.
    """

    name: str
    value: str
    about: str
    check: int = 200
    type: str = "PERSONAL_KEY"
    products: tuple[str, ...] = _PRODUCTS
    pull: int = 200
    in_europe: bool = False
    silent: bool = False


DUMMY_KEYS: Final = (
    DummyKey("good", "nvapi-SANDBOX-GOOD-KEY-000000", "valid, may pull every model"),
    DummyKey("second", "nvapi-SANDBOX-SECOND-KEY-000000", "valid too: to replace the first"),
    DummyKey(
        "service",
        "nvapi-SANDBOX-SERVICE-KEY-000000",
        "valid service key: accepted with a notice",
        type="SERVICE_KEY",
        products=("private-registry",),
    ),
    DummyKey(
        "catalog-only",
        "nvapi-SANDBOX-CATALOG-ONLY-000000",
        "valid, without the registry: pulls answer 402",
        products=("ai-foundations", "artifact-catalog"),
        pull=402,
    ),
    DummyKey(
        "no-terms",
        "nvapi-SANDBOX-NO-TERMS-000000",
        "valid, terms of use not accepted: pulls answer 403",
        pull=403,
    ),
    DummyKey(
        "europe",
        "nvapi-SANDBOX-EUROPE-000000",
        "valid, used from the EU: EU-restricted models answer 451",
        in_europe=True,
    ),
    DummyKey(
        "silent",
        "nvapi-SANDBOX-SILENT-000000",
        "valid, the key check answers 200 with an empty body",
        silent=True,
    ),
    DummyKey("refused", "nvapi-SANDBOX-REFUSED-000000", "refused with 401", check=401),
    DummyKey("expired", "nvapi-SANDBOX-EXPIRED-000000", "expired: refused with 401", check=401),
    DummyKey("forbidden", "nvapi-SANDBOX-FORBIDDEN-000000", "refused with 403", check=403),
)
_BY_NAME: Final = {key.name: key for key in DUMMY_KEYS}
_BY_VALUE: Final = {key.value: key for key in DUMMY_KEYS}


def dummy_key(name: str) -> DummyKey:
    """Find a dummy key by its name.

    Raises:
        KeyError: There is none of this name.

    """
    return _BY_NAME[name]


def recognize(value: str) -> DummyKey | None:
    """Find the dummy key a request carries; None for everything else."""
    return _BY_VALUE.get(value)
