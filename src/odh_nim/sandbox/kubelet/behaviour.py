"""How a pod behaves: how long it loads, and in which way it fails when told to.

An annotation on the pod chooses; KServe copies annotations of an InferenceService to its pods.
Several are separated by commas: `slow-load=30s,oom`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

ANNOTATION: Final = "sandbox.nim.opendatahub.io/behaviour"

# Eleven days: nobody waits longer, and clocks can still be added to it.
_LONGEST_LOAD: Final = 1e6


@dataclass(frozen=True)
class Failure:
    """One way in which the process of a model ends.

    `after` is the share of the loading time after which it does.
    """

    exit_code: int
    log: tuple[str, ...]
    after: float = 0.3
    reason: str = "Error"


FAILURES: Final[Mapping[str, Failure]] = {
    "crash": Failure(
        1, ("ERROR engine: unexpected failure in worker 0", "Traceback: RuntimeError")
    ),
    "oom": Failure(137, ("INFO loader: loading model onto the GPU",), 0.8, "OOMKilled"),
    # One NIM ends without an error where it finds no key: only the log tells.
    "exit-zero": Failure(
        0, ("WARNING auth: NGC_API_KEY is not set, no model can be downloaded",), 0.2, "Completed"
    ),
    "permission-denied": Failure(
        1, ("ERROR hub: ManifestDownloadError: I/O error Permission denied (os error 13)",)
    ),
    "key-refused": Failure(
        1, ("ERROR hub: ManifestDownloadError: Authentication error: the API key was refused",)
    ),
    "wrong-profile": Failure(
        1, ("ERROR profiles: no profile of this model fits the GPUs of this node",)
    ),
    "disk-full": Failure(1, ("ERROR hub: I/O error No space left on device (os error 28)",), 0.5),
    "certificate": Failure(
        1, ("ERROR hub: TLS: certificate verify failed: self-signed certificate in chain",), 0.1
    ),
}


@dataclass(frozen=True)
class Behaviour:
    """What the annotation asks for; the default is a pod that gets ready."""

    failure: Failure | None = None
    never_ready: bool = False
    load_seconds: float | None = None
    pull_status: int | None = None
    # Words nobody knows, shown as an event of the pod.
    unknown: tuple[str, ...] = ()


def parse_behaviour(text: str) -> Behaviour:
    """Read the annotation's value; a word nobody knows changes nothing but is reported."""
    behaviour = Behaviour()
    for word in filter(None, (part.strip() for part in text.split(","))):
        behaviour = _with_word(behaviour, word)
    return behaviour


def _with_word(behaviour: Behaviour, word: str) -> Behaviour:
    name, _, value = word.partition("=")
    if name in FAILURES and not value:
        return replace(behaviour, failure=FAILURES[name])
    if word == "never-ready":
        return replace(behaviour, never_ready=True)
    if name == "slow-load" and (seconds := _seconds(value)) is not None:
        return replace(behaviour, load_seconds=seconds)
    if name == "pull" and value.isascii() and value.isdigit():
        return replace(behaviour, pull_status=int(value))
    return replace(behaviour, unknown=(*behaviour.unknown, word))


def _seconds(text: str) -> float | None:
    number, factor = (text[:-1], 60.0) if text.endswith("m") else (text.removesuffix("s"), 1.0)
    if not number.replace(".", "", 1).isdecimal():
        return None
    seconds = float(number) * factor
    return seconds if seconds <= _LONGEST_LOAD else None
