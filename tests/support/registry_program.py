"""Debian's `docker-registry` on loopback: the real thing that the air gap writes to."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MISSING = "docker-registry and skopeo are missing: run `tools/install-test-tools` as root"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class RegistryProgram:
    """One registry process with its folder; it can be killed and started again."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    # Parts of its configuration: who may come in, and its certificates.
    auth: dict[str, Any] = field(default_factory=dict)
    tls: dict[str, Any] = field(default_factory=dict)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.host}"

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "config.yml"
        config.write_text(json.dumps(self._config()))
        program = shutil.which("docker-registry")
        assert program, MISSING
        log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen(
            [program, "serve", str(config)],
            stdout=log,
            stderr=log,
            env={"OTEL_TRACES_EXPORTER": "none", **os.environ},
        )
        log.close()
        self._wait()

    def _config(self) -> dict[str, Any]:
        return {
            "version": "0.1",
            "log": {"level": "error", "accesslog": {"disabled": True}},
            "storage": {
                "filesystem": {"rootdirectory": f"{self.folder}/data"},
                "delete": {"enabled": True},
            },
            "http": {"addr": self.host, "secret": "fixed", "tls": self.tls},
            "auth": self.auth,
        }

    def _wait(self) -> None:
        until = time.monotonic() + 15
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 2):
                    return
            except OSError:
                assert time.monotonic() < until, (self.folder / "log").read_text()
                time.sleep(0.02)

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(10)
            self.process = None


@contextmanager
def running(
    folder: Path, *, auth: dict[str, Any] | None = None, tls: dict[str, Any] | None = None
) -> Iterator[RegistryProgram]:
    program = RegistryProgram(folder, auth=auth or {}, tls=tls or {})
    program.start()
    try:
        yield program
    finally:
        program.kill()


def htpasswd(folder: Path, users: str) -> dict[str, Any]:
    """Let in who is in the lines, hashed with bcrypt."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "htpasswd"
    path.write_text(users)
    return {"htpasswd": {"realm": "mirror", "path": str(path)}}
