"""Where a sandbox keeps its files."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PRIVATE_FOLDER: Final = 0o700
_PRIVATE_FILE: Final = 0o600


@dataclass(frozen=True)
class Layout:
    """The folder of one sandbox; everything in it belongs to its user alone."""

    home: Path

    @property
    def data(self) -> Path:
        """The store of the cluster; etcd runs in this folder."""
        return self.home / "data"

    @property
    def certificates(self) -> Path:
        """Authorities, certificates and keys of the servers."""
        return self.home / "certificates"

    @property
    def kubeconfigs(self) -> Path:
        """One kubeconfig per user."""
        return self.home / "kubeconfigs"

    @property
    def keys(self) -> Path:
        """One file per dummy key of NVIDIA's stand-in."""
        return self.home / "keys"

    @property
    def logs(self) -> Path:
        """One log per part, and that of the run before."""
        return self.home / "logs"

    @property
    def run(self) -> Path:
        """Who runs now: pid files, the state, the kubeconfig of the parts."""
        return self.home / "run"

    @property
    def state_file(self) -> Path:
        """What the supervisor says of itself."""
        return self.run / "state.json"

    @property
    def page_address_file(self) -> Path:
        """The address that opens the page; it works once and is then replaced."""
        return self.run / "page.address"

    @property
    def system_kubeconfig(self) -> Path:
        """The kubeconfig of the control plane's own parts."""
        return self.run / "system.yaml"

    @property
    def tokens_file(self) -> Path:
        """The users' tokens, as the API server reads them."""
        return self.certificates / "tokens.csv"

    @property
    def facts_file(self) -> Path:
        """What this sandbox is: its variant, and what was loaded into it."""
        return self.home / "facts.json"

    def kubeconfig(self, user: str) -> Path:
        """Name a user's kubeconfig."""
        return self.kubeconfigs / f"{user}.yaml"

    def key_file(self, name: str) -> Path:
        """Name the file with a dummy key."""
        return self.keys / f"{name}.key"

    def pid_file(self, part: str) -> Path:
        """Name the file that says which process a part is."""
        return self.run / f"{part}.pid"

    def log_file(self, part: str) -> Path:
        """Name a part's log."""
        return self.logs / f"{part}.log"

    def make_folders(self) -> None:
        """Make the folders, readable for the user alone."""
        for folder in (self.home, self.kubeconfigs, self.keys, self.logs, self.run):
            make_private_folder(folder)


def make_private_folder(folder: Path) -> None:
    """Make a folder that nobody else may look into."""
    folder.mkdir(parents=True, exist_ok=True, mode=_PRIVATE_FOLDER)
    folder.chmod(_PRIVATE_FOLDER)


def write_private(path: Path, content: str | bytes) -> None:
    """Write a file whole or not at all, readable for the user alone from its first byte on."""
    data = content.encode() if isinstance(content, str) else content
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE_FILE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
