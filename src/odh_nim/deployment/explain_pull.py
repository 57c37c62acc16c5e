"""Why an image cannot be pulled, read from the container runtime's own words; pure."""

import re
from typing import Final

from odh_nim.deployment.explanation import Explanation, Lesson
from odh_nim.deployment.observed import Observed, model_container, waiting
from odh_nim.domain.manifest import Manifest, describe

PULL_REASONS: Final = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")
_BACK_OFF: Final = "ImagePullBackOff"

# In this order: a text about a token also holds words that mean something else elsewhere.
_LESSONS: Final[tuple[tuple[re.Pattern[str], Lesson], ...]] = tuple(
    (re.compile(pattern, re.IGNORECASE), lesson)
    for pattern, lesson in (
        (
            r"\b451\b|legal reasons",
            Lesson(
                "pull-451",
                "NVIDIA does not offer this image in the region of the node (451).",
                "Choose a model without the EU mark, or pull from a mirror you may use.",
            ),
        ),
        (
            r"\b402\b|payment required",
            Lesson(
                "pull-402",
                "The key's organisation has no subscription for this image (402).",
                "Get NVIDIA AI Enterprise for the organisation, or use a key of another one.",
            ),
        ),
        (
            r"anonymous token|no basic auth credentials",
            Lesson(
                "pull-401",
                "The node pulls without a key: there is none, or the pull Secret is missing.",
                "Store the project's key with `odh-nim keys set`; the pull is tried again by "
                "itself.",
            ),
        ),
        (
            r"\b401\b|unauthorized|authentication required|invalid username/password|oauth token",
            Lesson(
                "pull-401",
                "NVIDIA's registry refuses the key: it is wrong, expired or revoked (401).",
                "Replace it with `odh-nim keys rotate`; the pull is tried again by itself.",
            ),
        ),
        (
            r"\b429\b|too ?many ?requests",
            Lesson(
                "pull-429",
                "The registry is busy (429).",
                "Wait: the pull is tried again by itself.",
                fatal=False,
            ),
        ),
        (
            r"\b403\b|forbidden|denied",
            Lesson(
                "pull-403",
                "The key may not pull this image: its terms are not accepted, or it has no right "
                "to this model (403).",
                "Accept the model's terms on its page at https://catalog.ngc.nvidia.com, or use "
                "a key that has the right.",
            ),
        ),
        (
            r"no match for platform|no matching manifest",
            Lesson(
                "pull-architecture",
                "The image is not made for the node's processor.",
                "Choose another tag, or nodes of another architecture.",
            ),
        ),
        (
            r"x509|certificate|tls: ",
            Lesson(
                "certificate",
                "The node does not trust the certificate it meets on the way to the registry.",
                "Add the proxy's or mirror's certificate authority to the nodes.",
            ),
        ),
        (
            (
                r"no such host|i/o timeout|connection refused|connection reset|proxyconnect|"
                r"network is unreachable|context deadline exceeded"
            ),
            Lesson(
                "network",
                "The node does not reach the registry.",
                "Check the nodes' proxy, or mirror the image (`odh-nim airgap`).",
                fatal=False,
            ),
        ),
        (
            r"no space left",
            Lesson(
                "node-disk",
                "The node's disk is full: NIM images are large.",
                "Free images on the node, or give it a larger disk.",
            ),
        ),
        (
            r"not found|manifest unknown|\b404\b",
            Lesson(
                "pull-404",
                "There is no such image or tag (404).",
                "Choose a tag of the catalogue: `odh-nim models show`.",
            ),
        ),
    )
)
_UNKNOWN: Final = Lesson(
    "pull", "The image cannot be pulled.", "Read the text of the container runtime.", fatal=False
)


def explain_pull(seen: Observed, pod: Manifest) -> Explanation | None:
    """Explain a pod whose image does not come; None where it is no matter of the image."""
    reason, message = waiting(model_container(pod))
    if reason not in PULL_REASONS:
        return None
    # Older kubelets say only that they wait; the event has the text.
    texts = [message, *(str(one.get("message")) for one in reversed(seen.events_of(pod)))]
    for text in texts:
        for pattern, lesson in _LESSONS:
            if pattern.search(_without_image(text)):
                # The first refusal may be a slip; the second comes with the back-off.
                fatal = lesson.fatal and reason == _BACK_OFF
                return lesson.about(describe(pod), text, fatal=fatal)
    return _UNKNOWN.about(describe(pod), message or reason)


def _without_image(text: str) -> str:
    """Take the image's name out: a tag such as 1.4.403 is no status."""
    return re.sub(r'"[^"]*/[^"]*"|\bhttps?://\S+|\b[\w.-]+/\S+:\S+', " ", text)
