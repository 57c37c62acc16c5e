"""Debian's `docker-registry` on loopback: the real thing that the air gap writes to."""

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

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
    # Lines of htpasswd, hashed with bcrypt: who may come in; everybody where there are none.
    users: str = ""

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "config.yml"
        config.write_text(
            "version: 0.1\n"
            "log: {level: error, accesslog: {disabled: true}}\n"
            f"storage: {{filesystem: {{rootdirectory: {self.folder}/data}}, "
            "delete: {enabled: true}}\n"
            f"http: {{addr: '127.0.0.1:{self.port}', secret: fixed}}\n" + self._auth()
        )
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

    def _auth(self) -> str:
        if not self.users:
            return ""
        path = self.folder / "htpasswd"
        path.write_text(self.users)
        return f"auth: {{htpasswd: {{realm: mirror, path: {path}}}}}\n"

    def _wait(self) -> None:
        until = time.monotonic() + 15
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/v2/", timeout=2):  # noqa: S310 - loopback
                    return
            except urllib.error.HTTPError as error:
                assert error.code == 401  # noqa: PT017 - it answers, and wants a login
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
def running(folder: Path, *, users: str = "") -> Iterator[RegistryProgram]:
    program = RegistryProgram(folder, users=users)
    program.start()
    try:
        yield program
    finally:
        program.kill()
