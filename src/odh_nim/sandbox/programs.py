"""Where the control plane's programs are: in a folder the user names, or in the cache.

They are built from two Go modules with pinned versions. The cache's folder is named after all
that decides about their content, so that a new version never meets old programs.
"""

import hashlib
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from odh_nim.domain.errors import SandboxError
from odh_nim.domain.manifest import Manifest
from odh_nim.manifests.shipped import controlplane_folder
from odh_nim.manifests.yaml import load_all

# Nothing of this machine or of the checkout goes into the programs: they repeat byte for byte.
BUILD_FLAGS: Final = ("-trimpath", "-buildvcs=false", "-ldflags", "-s -w")
CRD_SETS: Final = ("full", "minimal")
_SOURCES: Final = ("go.mod", "go.sum", "main.go")
_HASH_LENGTH: Final = 16


@dataclass(frozen=True)
class Program:
    """One program: its file's name, and the folder of its Go module."""

    name: str
    module: str


# etcd, kube-apiserver, kube-controller-manager and kube-scheduler in one file.
KUBERNETES: Final = Program("sandbox", "kubernetes")
KSERVE: Final = Program("kserve-manager", "kserve")
PROGRAMS: Final = (KUBERNETES, KSERVE)


@dataclass(frozen=True)
class Programs:
    """A folder with everything that the control plane runs."""

    folder: Path

    @property
    def kubernetes(self) -> Path:
        """The program that holds the parts of Kubernetes."""
        return self.folder / KUBERNETES.name

    @property
    def kserve(self) -> Path:
        """KServe's manager."""
        return self.folder / KSERVE.name

    @property
    def identity(self) -> str:
        """Tell these programs from those of other versions, also in folders with the same name."""
        return f"{self.folder.name}-{self.kubernetes.stat().st_size}"

    def crd_files(self, crd_set: str) -> list[Path]:
        """List the files of KServe's kinds: `full`, or `minimal` without any schema."""
        return sorted((self.folder / "crds" / crd_set).glob("*.yaml"))

    def crds(self, crd_set: str) -> list[Manifest]:
        """Read KServe's kinds."""
        return [
            manifest
            for file in self.crd_files(crd_set)
            for manifest in load_all(file.read_text(encoding="utf-8"))
        ]

    def missing(self) -> list[str]:
        """Name what is not there."""
        files = [program.name for program in PROGRAMS if not (self.folder / program.name).is_file()]
        sets = [f"crds/{crd_set}" for crd_set in CRD_SETS if not self.crd_files(crd_set)]
        return files + sets

    @classmethod
    def find(cls, *, named: Path | None, cache_home: Path) -> Self | None:
        """Find the programs: in the folder the user names, else in the cache; None to build them.

        Raises:
            SandboxError: The named folder lacks something; nothing else is looked at then.

        """
        if named is not None:
            programs = cls(named)
            if missing := programs.missing():
                raise SandboxError(
                    f"{named} (ODH_NIM_SANDBOX_BIN) has no {', '.join(missing)}.",
                    remedy="Unset the variable, and `odh-nim sandbox build` makes the programs.",
                )
            return programs
        programs = cls(cache_folder(cache_home))
        return None if programs.missing() else programs


def programs_home(cache_home: Path) -> Path:
    """Name the cache's folder for all versions of the programs."""
    return cache_home / "sandbox"


def cache_folder(cache_home: Path) -> Path:
    """Name the cache's folder for the programs of this version and this machine."""
    return programs_home(cache_home) / fingerprint(controlplane_folder())


def fingerprint(sources: Path) -> str:
    """Hash all that decides about the programs' content."""
    content = hashlib.sha256()
    for program in PROGRAMS:
        for name in _SOURCES:
            content.update((sources / program.module / name).read_bytes() + b"\0")
    facts = (*BUILD_FLAGS, sys.platform, platform.machine())
    content.update("\0".join(facts).encode())
    return content.hexdigest()[:_HASH_LENGTH]
