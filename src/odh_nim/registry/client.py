"""Asks NVIDIA's registry whether a key may pull an image: a token, then the manifest's head."""

import json
import re
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlencode, urlsplit

import urllib3

from odh_nim.domain.address import ServiceAddress
from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.image import ImageReference
from odh_nim.domain.names import REGISTRY_USER
from odh_nim.registry.calls import Calls, RegistryFaultError, Reply
from odh_nim.registry.outcome import BY_STATUS, PullCheck, PullOutcome

_ACCEPT: Final = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_DEFAULT_REALM: Final = "/proxy_auth"
_CHALLENGE: Final = re.compile(r'([a-z]+)="([^"]*)"')
_OK: Final = 200


class _Refusal(Exception):  # noqa: N818 - an answer, no failure
    def __init__(self, outcome: PullOutcome, cause: str = "") -> None:
        super().__init__(outcome)
        self.outcome = outcome
        self.cause = cause


class RegistryClient:
    """One registry: `https://nvcr.io`, or a stand-in on this machine."""

    def __init__(self, registry_url: str, *, total_timeout: float = 10) -> None:
        """Open a pool.

        Raises:
            ConfigurationError: The address cannot be used.

        """
        self._address = ServiceAddress.parse(registry_url)
        self._calls = Calls(self._address)
        self._timeout = total_timeout
        # The first realm is kept: a later one could ask the key to another place.
        self._realm: str | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._calls.close()

    async def check_pull(self, image: ImageReference, key: ApiKey) -> PullCheck:
        """Ask whether the key may pull the image; every fault is an outcome, no exception.

        The address asked is this client's, also where the image names a mirror: a mirror knows
        nothing about NVIDIA's entitlements.
        """
        try:
            await self._calls.run(lambda: self._ask(image, key), within=self._timeout)
        except _Refusal as refusal:
            return PullCheck(str(image), refusal.outcome, refusal.cause)
        except RegistryFaultError as fault:
            return PullCheck(str(image), PullOutcome.COULD_NOT_ASK, str(fault))
        return PullCheck(str(image), PullOutcome.ALLOWED)

    def _ask(self, image: ImageReference, key: ApiKey) -> None:
        token = self._token(image.repository, key)
        path = f"/v2/{image.repository}/manifests/{image.digest or image.tag}"
        reply = self._calls.send(
            "HEAD", path, {"Accept": ", ".join(_ACCEPT), "Authorization": f"Bearer {token}"}
        )
        if reply.status == 401 and "insufficient_scope" in reply.challenge:  # noqa: PLR2004 - HTTP
            raise _Refusal(PullOutcome.TERMS_NOT_ACCEPTED)
        _judge(reply)
        if reply.media_type not in _ACCEPT:
            raise _Refusal(PullOutcome.COULD_NOT_ASK, "its answer is no manifest")

    def _token(self, repository: str, key: ApiKey) -> str:
        reply = self._token_reply(self._realm or _DEFAULT_REALM, repository, key)
        if reply.status == 404 and self._realm is None:  # noqa: PLR2004 - HTTP: no such path
            reply = self._token_reply(self._find_realm(), repository, key)
        if reply.status == 404:  # noqa: PLR2004 - as above, and not "no such image"
            raise _Refusal(PullOutcome.COULD_NOT_ASK, "it gives no tokens where it says so")
        _judge(reply)
        try:
            document = json.loads(reply.body)
            token = document.get("token") or document.get("access_token")
        except (ValueError, AttributeError, RecursionError):
            token = None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise _Refusal(PullOutcome.COULD_NOT_ASK, "its token cannot be used")
        return token

    def _token_reply(self, realm: str, repository: str, key: ApiKey) -> Reply:
        query = urlencode(
            {
                "account": REGISTRY_USER,
                "offline_token": "true",
                "scope": f"repository:{repository}:pull",
            }
        )
        login = urllib3.make_headers(basic_auth=f"{REGISTRY_USER}:{key.reveal()}")
        reply = self._calls.send("GET", f"{realm}?{query}", dict(login))
        if reply.status != 404:  # noqa: PLR2004 - HTTP: no such path
            self._realm = realm
        return reply

    def _find_realm(self) -> str:
        """Ask the registry where it gives tokens; only itself is an answer."""
        reply = self._calls.send("GET", "/v2/", {})
        fields = dict(_CHALLENGE.findall(reply.challenge))
        realm = urlsplit(fields.get("realm", ""))
        own = urlsplit(self._address.url)
        if (realm.scheme, realm.netloc) != (own.scheme, own.netloc) or realm.query:
            raise _Refusal(PullOutcome.COULD_NOT_ASK, "it wants the key sent to another address")
        return realm.path


def _judge(reply: Reply) -> None:
    """Let 200 pass.

    Raises:
        _Refusal: With what any other reply means.

    """
    outcome = BY_STATUS.get(reply.status, PullOutcome.COULD_NOT_ASK)
    if reply.is_page:
        raise _Refusal(PullOutcome.COULD_NOT_ASK, "a web page came instead of an answer")
    if outcome is PullOutcome.COULD_NOT_ASK:
        raise _Refusal(outcome, reply.describe())
    if outcome is not PullOutcome.ALLOWED:
        raise _Refusal(outcome)
