"""The same plan moved by skopeo, one image after another: for sites that must use a vetted binary.

One after another, because processes side by side repeat shared layers, and into one layout they
lose images of its index.
"""

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from odh_nim.airgap.events import Event, Sink
from odh_nim.airgap.outcome import DESTINATION_BIT, INTEGRITY_BIT, SOURCE_BIT, Failure, Outcome
from odh_nim.airgap.plan import Plan, PlannedImage
from odh_nim.domain.errors import ConfigurationError, printable

PROGRAM: Final = "skopeo"
_VERSION: Final = re.compile(r"(\d+)\.(\d+)")
# Before this a broken blob begins from its start.
_RESUMES: Final = (1, 12)
_RETRIES: Final = 5
_OCI_TYPES: Final = "application/vnd.oci."


@dataclass(frozen=True)
class End:
    """One end for skopeo: `docker://host/prefix` or a layout."""

    host: str = ""
    prefix: str = ""
    layout: Path | None = None
    plain: bool = False
    certificates: Path | None = None
    # The login, only ever written into the auth file: never on the command line.
    login: tuple[str, str] | None = field(default=None, repr=False)

    def reference(self, image: PlannedImage, *, by_digest: bool) -> str:
        """Name an image at this end."""
        if self.layout is not None:
            return f"oci:{self.layout}:{image.name}"
        prefix = f"{self.prefix}/" if self.prefix else ""
        place = f"docker://{self.host}/{prefix}{image.repository}"
        if by_digest or image.reference.tag is None:
            return f"{place}@{image.manifest.digest}"
        return f"{place}:{image.reference.tag}"

    def options(self, side: str) -> list[str]:
        """Give the options of this end."""
        if self.layout is not None:
            return []
        found = [f"--{side}-tls-verify={'false' if self.plain else 'true'}"]
        if self.certificates:
            found += [f"--{side}-cert-dir", str(self.certificates)]
        return found


def skopeo_findings(environ: Mapping[str, str]) -> list[str]:
    """Look at the skopeo on PATH; gives what a person should know of it.

    Raises:
        ConfigurationError: There is none.

    """
    try:
        answer = subprocess.run(  # noqa: S603 - a fixed program
            [PROGRAM, "--version"],
            capture_output=True,
            text=True,
            timeout=30,
            env=dict(environ),
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        raise ConfigurationError(
            "There is no skopeo on PATH.", remedy="Install it, or leave --engine out."
        ) from None
    match = _VERSION.search(answer.stdout)
    if match and (int(match[1]), int(match[2])) < _RESUMES:
        return [
            f"skopeo {match[0]} begins a broken blob from its start; 1.12 or newer takes it up."
        ]
    return []


class Skopeo:
    """Runs skopeo for every image of a plan."""

    def __init__(
        self,
        source: End,
        destination: End,
        environ: Mapping[str, str],
        *,
        sink: Sink = lambda _event: None,
    ) -> None:
        self._source = source
        self._destination = destination
        self._environ = environ
        self._sink = sink

    def run(self, plan: Plan) -> Outcome:
        """Copy every image; one that fails keeps no other back."""
        outcome = Outcome()
        with tempfile.TemporaryDirectory(prefix="odh-nim-") as folder:
            auth = self._write_auth(Path(folder))
            for image in plan.images:
                failure = self._copy(image, auth, Path(folder) / "digest")
                if failure is None:
                    outcome.done.append(image.name)
                    self._sink(Event("image", name=image.name, status="done"))
                else:
                    outcome.failures.append(failure)
                    self._sink(
                        Event("image", name=image.name, status="failed", error=failure.message)
                    )
        return outcome

    def _copy(self, image: PlannedImage, auth: list[str], digest: Path) -> Failure | None:
        command = [
            PROGRAM,
            "copy",
            "--quiet",
            "--preserve-digests",
            "--retry-times",
            str(_RETRIES),
            "--digestfile",
            str(digest),
            *(["--all"] if image.children else []),
            *auth,
            *self._source.options("src"),
            *self._destination.options("dest"),
            self._source_reference(image, digest.parent),
            self._destination.reference(image, by_digest=False),
        ]
        digest.unlink(missing_ok=True)
        answer = subprocess.run(  # noqa: S603 - no shell; every word is checked by the plan
            command, capture_output=True, text=True, env=dict(self._environ), check=False
        )
        if answer.returncode:
            words = answer.stderr.strip().splitlines()[-1:] or ["no reason given"]
            return Failure(image.name, _bit(answer.stderr), f"skopeo: {printable(words[0], 300)}")
        found = digest.read_text(encoding="ascii").strip() if digest.exists() else ""
        if found != image.manifest.digest:
            message = f"skopeo made {printable(found) or 'nothing'} of {image.manifest.digest}."
            return Failure(image.name, INTEGRITY_BIT, message)
        return None

    def _source_reference(self, image: PlannedImage, folder: Path) -> str:
        layout = self._source.layout
        if layout is None or image.manifest.media_type.startswith(_OCI_TYPES):
            return self._source.reference(image, by_digest=True)
        # In a layout skopeo finds images of OCI's types only; a folder of links serves the others.
        return f"dir:{_as_folder(image, layout, folder / 'image')}"

    def _write_auth(self, folder: Path) -> list[str]:
        """Write the logins that were given to a file that only we can read."""
        auths: dict[str, Any] = {}
        for end in (self._source, self._destination):
            if end.login:
                auths[end.host] = {"auth": _basic(*end.login)}
        if not auths:
            return []
        path = folder / "auth.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps({"auths": auths}), encoding="utf-8")
        return ["--authfile", str(path)]


def _as_folder(image: PlannedImage, layout: Path, folder: Path) -> Path:
    """Show an image of a layout as skopeo's plain folder, by links: nothing is copied."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    blobs = layout.resolve() / "blobs" / "sha256"
    (folder / "version").write_text("Directory Transport Version: 1.1\n", encoding="ascii")
    links = {"manifest.json": image.manifest.digest}
    links |= {f"{_hex(each.digest)}.manifest.json": each.digest for each in image.children}
    links |= {_hex(blob.digest): blob.digest for blob in image.blobs}
    for name, digest in links.items():
        (folder / name).symlink_to(blobs / _hex(digest))
    return folder


def _hex(digest: str) -> str:
    return digest.removeprefix("sha256:")


def _basic(username: str, password: str) -> str:
    import base64  # noqa: PLC0415 - only with a given login

    return base64.b64encode(f"{username}:{password}".encode()).decode()


def _bit(stderr: str) -> int:
    """Guess from skopeo's words which end failed."""
    words: Sequence[str] = ("writing blob", "writing manifest", "trying to reuse", "destination")
    return DESTINATION_BIT if any(word in stderr.lower() for word in words) else SOURCE_BIT
