"""What a request logs in with: fixed, from a file that is rotated, or from a program."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from odh_nim.cluster.config import ClientCertificate, ConnectionConfig
from odh_nim.cluster.exec_credential import ExecLogin
from odh_nim.cluster.identity import is_token
from odh_nim.domain.errors import KubeconfigError, printable

# The kubelet replaces a token long before the old one expires.
_READ_AGAIN_AFTER: Final = 60


@dataclass(frozen=True)
class Login:
    """A token, a certificate, both, or neither (anonymous)."""

    token: str | None = field(default=None, repr=False)
    certificate: ClientCertificate | None = None


class Credentials(Protocol):
    """The credentials of one connection."""

    async def login(self) -> Login:
        """Give what counts now."""

    async def renew(self, refused: Login) -> bool:
        """Look for something newer after a 401; say whether another try makes sense."""


def credentials_of(
    config: ConnectionConfig, *, clock: Callable[[], float] = time.monotonic
) -> Credentials:
    """Pick the source that a connection names, in kubectl's order: file, token, program."""
    if config.token_file is not None:
        return _TokenFile(config.token_file, config.token, config.client_certificate, clock)
    if config.token is None and config.exec_plugin is not None:
        return _Program(ExecLogin(config.exec_plugin), config.client_certificate)
    if config.token is not None and not is_token(config.token):
        raise KubeconfigError("The token of the kubeconfig is no single word of ASCII.")
    return _Fixed(Login(config.token, config.client_certificate))


@dataclass(frozen=True)
class _Fixed:
    login_data: Login

    async def login(self) -> Login:
        return self.login_data

    async def renew(self, refused: Login) -> bool:  # noqa: ARG002 - fits the Protocol
        return False


class _TokenFile:
    def __init__(
        self,
        file: Path,
        first: str | None,
        certificate: ClientCertificate | None,
        clock: Callable[[], float],
    ) -> None:
        self._file = file
        self._login = Login(first, certificate)
        self._clock = clock
        self._read_at: float | None = None

    async def login(self) -> Login:
        if self._read_at is None or self._clock() - self._read_at >= _READ_AGAIN_AFTER:
            self._read()
        return self._login

    async def renew(self, refused: Login) -> bool:
        self._read()
        return self._login.token != refused.token

    def _read(self) -> None:
        try:
            token = self._file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            if self._login.token is not None:
                # What was read last goes on: a rotation is replacing the file.
                return
            reason = getattr(error, "strerror", None) or "it is no text"
            raise KubeconfigError(
                f"The token file {printable(str(self._file))} cannot be read: {reason}."
            ) from None
        if not is_token(token):
            raise KubeconfigError(f"The token file {printable(str(self._file))} holds no token.")
        self._login = Login(token, self._login.certificate)
        self._read_at = self._clock()


class _Program:
    def __init__(self, program: ExecLogin, certificate: ClientCertificate | None) -> None:
        self._program = program
        self._certificate = certificate
        self._lock = asyncio.Lock()
        self._login: Login | None = None

    async def login(self) -> Login:
        # One run for all requests that wait for it: each could open a browser.
        async with self._lock:
            if self._login is None or self._program.expired:
                await self._run()
            assert self._login is not None
            return self._login

    async def renew(self, refused: Login) -> bool:
        async with self._lock:
            if self._login is not None and self._login != refused:
                return True
            await self._run()
            return self._login != refused

    async def _run(self) -> None:
        answer = await self._program.run()
        self._login = Login(answer.token, answer.certificate or self._certificate)
