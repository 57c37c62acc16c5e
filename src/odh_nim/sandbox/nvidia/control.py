"""Switch a running stand-in from outside: latency, faults, revoked keys."""

import json
import urllib.error
import urllib.request
from typing import Any, Final

import msgspec

from odh_nim.domain.errors import InputError, SandboxError
from odh_nim.sandbox.nvidia.faults import CONTROL_PATH
from odh_nim.sandbox.nvidia.state import Fault

_JSON: Final = {"content-type": "application/json"}
_HTML: Final = {"content-type": "text/html"}
_PAGE: Final = "<html><body>Please sign in to use this network.</body></html>"
PRESETS: Final = {
    "html": Fault("answer", 200, _HTML, _PAGE),
    "truncated": Fault("answer", 200, _JSON, '{"type": "PERSO'),
    "empty": Fault("answer", 200),
    "redirect": Fault("answer", 302, {"location": "http://127.0.0.1:9/elsewhere"}),
    "hang": Fault("hang"),
    "stall": Fault("stall"),
    "drip": Fault("drip"),
    "slow": Fault("slow"),
    "reset": Fault("reset"),
    "cut": Fault("cut"),
    "huge": Fault("huge"),
}
# Proxy variables are not for this machine itself.
_opener: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def preset(name: str, *, retry_after: str = "", path: str = "", times: int | None = None) -> Fault:
    """Make a fault from a name (`html`, `reset` …) or a status (`503`).

    Raises:
        InputError: There is no such fault.

    """
    if name.isascii() and name.isdigit() and 200 <= int(name) < 600:  # noqa: PLR2004 - HTTP's range
        fault = Fault("answer", int(name), _JSON, "{}")
    elif name in PRESETS:
        fault = PRESETS[name]
    else:
        raise InputError(f"There is no fault {name!r}.", remedy=f"Take one of {', '.join(PRESETS)}")
    headers = fault.headers | ({"retry-after": retry_after} if retry_after else {})
    return msgspec.structs.replace(fault, headers=headers, path=path, times=times)


def set_fault(
    url: str,
    name: str | None = None,
    *,
    retry_after: str = "",
    path: str = "",
    times: int | None = None,
    latency_ms: float | None = None,
) -> dict[str, Any]:
    """Switch the stand-in at `url` to one fault, or with None to none; give its switches."""
    faults = [preset(name, retry_after=retry_after, path=path, times=times)] if name else []
    changes: dict[str, Any] = {"faults": faults}
    if latency_ms is not None:
        changes["latency_ms"] = latency_ms
    return change(url, **changes)


def change(url: str, **switches: Any) -> dict[str, Any]:
    """Change any switches of the stand-in at `url`; give all of them."""
    answer: dict[str, Any] = _call("PUT", url + CONTROL_PATH, msgspec.json.encode(switches))
    return answer


def read_state(url: str) -> dict[str, Any]:
    """Give the switches of the stand-in at `url`."""
    answer: dict[str, Any] = _call("GET", url + CONTROL_PATH)
    return answer


def reset(url: str) -> dict[str, Any]:
    """Take back every change of the stand-in at `url`."""
    answer: dict[str, Any] = _call("DELETE", url + CONTROL_PATH)
    return answer


def read_journal(url: str) -> list[dict[str, Any]]:
    """Give what the stand-in at `url` was asked, without any key."""
    answer: list[dict[str, Any]] = _call("GET", f"{url}{CONTROL_PATH}/journal")
    return answer


def clear_journal(url: str) -> None:
    """Empty the journal of the stand-in at `url`."""
    _call("DELETE", f"{url}{CONTROL_PATH}/journal")


def _call(method: str, url: str, body: bytes | None = None) -> Any:
    request = urllib.request.Request(url, body, method=method)  # noqa: S310 - loopback, from us
    try:
        with _opener.open(request, timeout=5) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        cause = error.read().decode("utf-8", "replace")
        raise SandboxError(f"NVIDIA's stand-in refused the change: {cause}") from error
    except OSError as error:
        raise SandboxError(
            f"NVIDIA's stand-in does not answer at {url}.", remedy="Run `odh-nim sandbox up`."
        ) from error
