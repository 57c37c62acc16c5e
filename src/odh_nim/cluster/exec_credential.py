"""Logs in by running a program (`client.authentication.k8s.io` v1 and v1beta1).

Its answer is a secret: it is read from a pipe, never shown, never repeated in an error.
"""

import asyncio
import json
import os
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from odh_nim.cluster.config import ClientCertificate, ExecPlugin
from odh_nim.cluster.identity import is_token
from odh_nim.domain.errors import KubeconfigError, UnauthorizedError, printable

_LIMIT: Final = 1024 * 1024
_PATIENCE: Final = 60
# A person may be typing, or logging in with a browser.
_PATIENCE_INTERACTIVE: Final = 300
# How long the rest of a killed program's answer is awaited, in seconds.
_ENDING: Final = 2
# Expiry is asked a little early: the request must still arrive with a valid token.
_EARLY: Final = timedelta(seconds=10)


class _Status(msgspec.Struct, rename="camel"):
    token: str = ""
    client_certificate_data: str = ""
    client_key_data: str = ""
    expiration_timestamp: datetime | None = None


class _Credential(msgspec.Struct, rename="camel"):
    api_version: str
    kind: str
    status: _Status | None = None


@dataclass(frozen=True)
class ExecAnswer:
    """What the program gave."""

    token: str | None = field(repr=False)
    certificate: ClientCertificate | None
    expires: datetime | None


class ExecLogin:
    """The program, and how long its last answer holds."""

    def __init__(self, plugin: ExecPlugin) -> None:
        self._plugin = plugin
        self._expires: datetime | None = None

    @property
    def expired(self) -> bool:
        """Whether the last answer says that it is over."""
        return self._expires is not None and datetime.now(UTC) + _EARLY >= self._expires

    async def run(self) -> ExecAnswer:
        """Run the program.

        Raises:
            KubeconfigError: It cannot be run here.
            UnauthorizedError: It ran, and gave no login.

        """
        answer = self._parse(await self._output())
        self._expires = answer.expires
        return answer

    async def _output(self) -> bytes:
        interactive = self._interactive()
        process = await self._start(interactive=interactive)
        patience = _PATIENCE_INTERACTIVE if interactive else _PATIENCE
        assert process.stdout is not None
        try:
            async with asyncio.timeout(patience):
                output = await process.stdout.read(_LIMIT + 1)
                if len(output) > _LIMIT:
                    raise self._failed("its answer is too long")
                # Read to the end above only where it was short; a pipe may bring parts.
                while part := await process.stdout.read(_LIMIT + 1):
                    output += part
                    if len(output) > _LIMIT:
                        raise self._failed("its answer is too long")
                code = await process.wait()
        except TimeoutError:
            raise self._failed(f"it did not end within {patience} s") from None
        finally:
            await _end(process)
        if code != 0:
            raise self._failed(f"it ended with code {code}")
        return output

    async def _start(self, *, interactive: bool) -> asyncio.subprocess.Process:
        plugin = self._plugin
        try:
            return await asyncio.create_subprocess_exec(
                plugin.command,
                *plugin.arguments,
                stdin=None if interactive else asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                # Its prompts and complaints are for the person, not for us.
                stderr=None,
                env=dict(plugin.environment)
                | {"KUBERNETES_EXEC_INFO": self._info(interactive=interactive)},
            )
        except OSError as error:
            hint = printable(plugin.install_hint, 300)
            raise KubeconfigError(
                f"The program {printable(plugin.command)}, which the kubeconfig logs in with, "
                f"cannot be run: {error.strerror or 'unknown reason'}.",
                remedy=hint or "Install it, or log in in another way.",
            ) from None

    def _interactive(self) -> bool:
        mode = self._plugin.interactive_mode
        terminal = sys.stdin is not None and sys.stdin.isatty()
        if mode == "Always" and not terminal:
            raise KubeconfigError(
                f"The program {printable(self._plugin.command)} logs in at a terminal only.",
                remedy="Run the command in a terminal.",
            )
        return terminal and mode != "Never"

    def _info(self, *, interactive: bool) -> str:
        spec: dict[str, object] = {"interactive": interactive}
        if self._plugin.cluster is not None:
            spec["cluster"] = self._plugin.cluster
        version = self._plugin.api_version
        return json.dumps({"apiVersion": version, "kind": "ExecCredential", "spec": spec})

    def _parse(self, output: bytes) -> ExecAnswer:
        try:
            credential = msgspec.json.decode(output, type=_Credential)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise self._failed("its answer is no ExecCredential") from None
        status = credential.status
        if credential.kind != "ExecCredential" or status is None:
            raise self._failed("its answer is no ExecCredential")
        if credential.api_version != self._plugin.api_version:
            raise self._failed(f"its answer is not of {self._plugin.api_version}")
        if bool(status.client_certificate_data) != bool(status.client_key_data):
            raise self._failed("it gave a certificate without a key, or a key alone")
        if status.token and not is_token(status.token):
            raise self._failed("its token is no single word of ASCII")
        if not status.token and not status.client_certificate_data:
            raise self._failed("it gave neither a token nor a certificate")
        certificate = None
        if status.client_certificate_data:
            certificate = ClientCertificate(
                status.client_certificate_data.encode(), status.client_key_data.encode()
            )
        expires = status.expiration_timestamp
        if expires is not None and expires.tzinfo is None:
            expires = expires.replace(tzinfo=UTC)
        return ExecAnswer(status.token or None, certificate, expires)

    def _failed(self, reason: str) -> UnauthorizedError:
        command = printable(os.path.basename(self._plugin.command))  # noqa: PTH119 - a bare name too
        return UnauthorizedError(
            f"log in with {command}", f"{reason}.", remedy="Log in again, then repeat the command."
        )


async def _end(process: asyncio.subprocess.Process) -> None:
    """End the program, if it runs, and let go of its pipe."""
    if process.returncode is not None:
        return
    process.kill()
    assert process.stdout is not None
    try:
        async with asyncio.timeout(_ENDING):
            # Its end is noticed only when the pipe is read to its own.
            while await process.stdout.read(_LIMIT):
                pass
            await process.wait()
    except TimeoutError:
        # A child of the program holds the pipe open.
        process._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001 - no public way
