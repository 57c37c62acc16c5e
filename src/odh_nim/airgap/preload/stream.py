"""Sends weights from a bundle into a loader pod, over `kubectl exec` or `oc exec`.

Only files that the pod does not have whole are sent; each is checked there.
"""

import io
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Final

from odh_nim.airgap.bundle.reader import Bundle, CarriedFile, CarriedWeights, read_weights
from odh_nim.airgap.preload.pods import LISTS
from odh_nim.domain import names
from odh_nim.domain.errors import ConfigurationError, PreloadFailedError, printable

_PROGRAMS: Final = ("kubectl", "oc")
# No owner and no mode of ours: the pod's user owns what it writes, the loader sets the modes.
_UNPACK: Final = ("tar", "--no-same-owner", "--no-same-permissions", "-x", "-f", "-")


@dataclass(frozen=True)
class Exec:
    """How a program is started in the pod."""

    pod: str
    namespace: str
    environ: Mapping[str, str]
    options: tuple[str, ...] = ()

    def command(self, *words: str, stdin: bool = False) -> list[str]:
        """Give the command line; nothing in it is secret."""
        program = next((each for each in _PROGRAMS if self._find(each)), None)
        if program is None:
            raise ConfigurationError(
                "Neither kubectl nor oc is on PATH; files cannot be sent into a pod without one.",
                remedy="Install one, or put the bundle into a claim and use --bundle-claim.",
            )
        flag = ["-i"] if stdin else []
        place = ["-n", self.namespace, self.pod]
        return [program, *self.options, "exec", *flag, *place, "--", *words]

    def _find(self, program: str) -> bool:
        return shutil.which(program, path=self.environ.get("PATH")) is not None


def send_weights(
    bundle: Bundle,
    model: str,
    weights: CarriedWeights,
    run: Exec,
    *,
    on_bytes: Callable[[int], None] = lambda _count: None,
) -> int:
    """Send what is missing and let the loader check everything; gives the number of files sent.

    Raises:
        PreloadFailedError: The pod refused, or a file arrived damaged.
        BundleError: A file is missing in the bundle.

    """
    missing = set(_answer(run, "missing").splitlines())
    files = [file for file in weights.files if file.path in missing]
    if files:
        _send(bundle, model, files, run, on_bytes)
    _answer(run, "finish")
    return len(files)


def _answer(run: Exec, word: str) -> str:
    answer = subprocess.run(  # noqa: S603 - no shell here; fixed words
        run.command("sh", f"{LISTS}/load.sh", word),
        capture_output=True,
        text=True,
        env=dict(run.environ),
        check=False,
    )
    if answer.returncode:
        raise PreloadFailedError(
            f"The loader in Pod/{run.pod} failed: {printable(answer.stderr, 300) or 'no words'}.",
            remedy="Run the same command again: whole files stay.",
        )
    return answer.stdout


def _send(
    bundle: Bundle,
    model: str,
    files: Sequence[CarriedFile],
    run: Exec,
    on_bytes: Callable[[int], None],
) -> None:
    words = [*_UNPACK, "-C", names.CACHE_PATH]
    with subprocess.Popen(  # noqa: S603 - as above
        run.command(*words, stdin=True),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=dict(run.environ),
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        try:
            _write_archive(bundle, model, files, process.stdin, on_bytes)
            process.stdin.close()
        except BrokenPipeError:
            # Its own words say why.
            pass
        stderr = process.stderr.read().decode("utf-8", "replace")
    if process.returncode:
        raise PreloadFailedError(
            f"Files could not be sent into Pod/{run.pod}: {printable(stderr, 300) or 'no words'}.",
            remedy="Run the same command again: whole files stay.",
        )


def _write_archive(
    bundle: Bundle,
    model: str,
    files: Sequence[CarriedFile],
    target: IO[bytes],
    on_bytes: Callable[[int], None],
) -> None:
    with tarfile.open(fileobj=target, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        for file in files:
            info = tarfile.TarInfo(file.path)
            info.size = file.size
            info.mode = 0o664
            archive.addfile(info, _Pieces(read_weights(bundle, model, file), on_bytes))


class _Pieces(io.RawIOBase):
    """Pieces as a file to read from."""

    def __init__(self, pieces: Iterator[bytes], on_bytes: Callable[[int], None]) -> None:
        super().__init__()
        self._pieces = pieces
        self._held = b""
        self._on_bytes = on_bytes

    def read(self, size: int = -1) -> bytes:
        """Give so many bytes, or fewer at the end."""
        while len(self._held) < size:
            piece = next(self._pieces, b"")
            if not piece:
                break
            self._on_bytes(len(piece))
            self._held += piece
        found, self._held = self._held[:size], self._held[size:]
        return found
