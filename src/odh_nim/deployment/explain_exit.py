"""Why the model's process ended, read from its exit and its last lines; pure."""

import re
from collections.abc import Sequence
from typing import Final

from odh_nim.deployment.explanation import Explanation, Lesson
from odh_nim.deployment.observed import Observed, is_running, last_exit, model_container, waiting
from odh_nim.domain import names
from odh_nim.domain.manifest import Manifest, describe

_KEY_ACTION: Final = (
    "Check the key with `odh-nim keys check`, replace it with `odh-nim keys rotate`."
)
_OOM: Final = Lesson(
    "oom",
    "The process took more memory than it may and was ended (OOMKilled).",
    "Give more memory; shared memory counts too.",
)
_EXIT_ZERO: Final = Lesson(
    "exit-zero",
    "The process ended without an error: some NIMs do so when they find no key.",
    "Store the project's key with `odh-nim keys set`, then restart the deployment.",
)
_SLOW: Final = Lesson(
    "slow-start",
    "The model was not ready within the time of the startup probe and was started again.",
    "Use a claim that keeps the weights, or give the probe more time in the runtime.",
    fatal=False,
)
_CRASH: Final = Lesson(
    "crash",
    "The process ended with an error.",
    "Read its last lines: `odh-nim deployments logs --previous`.",
    fatal=False,
)
# The order matters: a refused key is told as a failed download.
_LESSONS: Final[tuple[tuple[re.Pattern[str], Lesson], ...]] = tuple(
    (re.compile(pattern, re.IGNORECASE), lesson)
    for pattern, lesson in (
        (
            r"os error 13|permission denied|read-only file system|os error 30|cannot write to",
            Lesson(
                "cache-read-only",
                "The process cannot write to a folder it needs: the claim or a folder of the image "
                "is read-only for its user.",
                "On OpenShift use the shipped runtime, on Kubernetes set a user (--run-as-user); "
                "check the claim's access mode.",
            ),
        ),
        (
            r"no space left|os error 28|disk quota exceeded",
            Lesson(
                "claim-full",
                "The claim is full.",
                "Make the claim larger, or use another one; a claim shared by several models fills "
                "up.",
            ),
        ),
        (
            r"certificate verify failed|self.signed certificate|unknown issuer|x509",
            Lesson(
                "certificate",
                "The process does not trust the certificate it meets on its way to NVIDIA.",
                "Give it the proxy's certificate authority (environment SSL_CERT_FILE) and set "
                "NIM_SDK_USE_NATIVE_TLS=1.",
            ),
        ),
        (
            (
                r"proxy|could not resolve|name or service not known|connection timed out|"
                r"network is unreachable"
            ),
            Lesson(
                "network",
                "The process does not reach NVIDIA to download the weights.",
                "Set HTTPS_PROXY and NO_PROXY in its environment, or preload the weights.",
            ),
        ),
        (
            r"ngc_api_key is not set|no api key|missing .{0,20}api key",
            Lesson(
                "key-missing",
                "The process finds no NGC API key.",
                "Store the project's key with `odh-nim keys set`, then restart the deployment.",
            ),
        ),
        (
            r"authentication error|unauthorized|\b401\b|invalid api key|key was refused|forbidden",
            Lesson(
                "key-refused",
                "NVIDIA refuses the key when the process downloads the weights.",
                _KEY_ACTION,
            ),
        ),
        (
            (
                r"no profile|profile.{0,60}(not found|incompatible|no match)|no compatible profile|"
                r"could not find a profile"
            ),
            Lesson(
                "wrong-profile",
                "No profile of this model fits the GPUs of the node.",
                "Ask for another number of GPUs, another kind of node, or another model profile "
                "(NIM_MODEL_PROFILE).",
            ),
        ),
        (
            r"cuda out of memory|outofmemoryerror|not enough (gpu )?memory",
            Lesson(
                "gpu-memory",
                "The model does not fit into the memory of the GPUs.",
                "Ask for more GPUs, or lower NIM_MAX_MODEL_LEN.",
            ),
        ),
    )
)


def explain_exit(seen: Observed, pod: Manifest) -> Explanation | None:
    """Explain a pod whose model process has ended, once or again and again; None where not."""
    container = model_container(pod)
    ended = last_exit(container)
    if not ended or container.get("ready"):
        return None
    lines = seen.logs.get(pod["metadata"]["name"], ())
    subject = describe(pod)
    restarts = int(container.get("restartCount") or 0)
    if ended.get("reason") == "OOMKilled":
        return _OOM.about(subject, _tail(lines), fatal=restarts > 0)
    for line in reversed(lines):
        for pattern, lesson in _LESSONS:
            if pattern.search(line):
                return lesson.about(subject, line)
    if ended.get("exitCode") == 0:
        return _EXIT_ZERO.about(subject, _tail(lines))
    if any("failed startup probe" in str(event.get("message")) for event in seen.events_of(pod)):
        return _SLOW.about(subject, _tail(lines))
    evidence = f"exit code {ended.get('exitCode')}: {_tail(lines)}"
    return _CRASH.about(subject, evidence, fatal=restarts > 1 and not is_running(container))


def explain_start(pod: Manifest) -> Explanation | None:
    """Explain a container that is not even started; None where it is no such matter."""
    reason, message = waiting(model_container(pod))
    if reason not in ("CreateContainerConfigError", "CreateContainerError", "RunContainerError"):
        return None
    subject = describe(pod)
    if names.API_KEY_FIELD in message or re.search(r"secret .*not found", message):
        return Explanation(
            "key-missing",
            subject,
            "The Secret with the key is missing, or has no such field.",
            "Store the project's key with `odh-nim keys set`; the start is tried again by itself.",
            message,
        )
    return Explanation(
        "container-config",
        subject,
        "The container cannot be started as it is described.",
        "Correct what the text names.",
        message,
    )


def _tail(lines: Sequence[str]) -> str:
    return next((line for line in reversed(lines) if line.strip()), "")
