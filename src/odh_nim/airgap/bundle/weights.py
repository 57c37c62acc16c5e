"""Weights of models in a bundle: the cache folder of a NIM, file by file, its symlinks kept.

The folder has the form of the Hugging Face hub: `snapshots` point to `blobs`. A copy that follows
the links would double it.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from odh_nim.airgap.bundle.files import MODELS, Item, hash_file, safe_path
from odh_nim.airgap.plan import PlannedImage
from odh_nim.domain.errors import InputError

VERSION: Final = 1


@dataclass(frozen=True)
class WeightFile:
    """One file of a cache."""

    path: str
    size: int
    sha256: str
    mode: int


@dataclass(frozen=True)
class WeightSet:
    """The cache of a model: files and symlinks, relative to its root.

    `also` are other images with the same cache: tags of one model, mostly.
    """

    image: PlannedImage
    root: Path
    files: tuple[WeightFile, ...]
    links: tuple[tuple[str, str], ...]
    also: tuple[PlannedImage, ...] = ()

    @property
    def id(self) -> str:
        """Its folder below `models/`."""
        return model_folder(self.image)

    @property
    def total(self) -> int:
        """All bytes."""
        return sum(file.size for file in self.files)

    def items(self) -> Iterator[tuple[Item, WeightFile]]:
        """Give each file as an item of the bundle."""
        for file in self.files:
            yield Item(f"{MODELS}/{self.id}/files/{file.path}", file.size), file

    def document(self) -> dict[str, Any]:
        """Give files.json."""
        model = self.image.model
        return {
            "version": VERSION,
            "image": self.image.name,
            "manifestDigest": self.image.manifest.digest,
            "also": [
                {"image": each.name, "manifestDigest": each.manifest.digest} for each in self.also
            ],
            "downloadProtocol": self.image.download_protocol,
            "profiles": list(model.profiles) if model else [],
            "total": self.total,
            "files": [
                {
                    "path": file.path,
                    "size": file.size,
                    "sha256": file.sha256,
                    "mode": f"{file.mode:04o}",
                }
                for file in self.files
            ],
            "links": [{"path": path, "target": target} for path, target in self.links],
        }


def model_folder(image: PlannedImage) -> str:
    """Name the folder of a model's weights."""
    tag = image.reference.tag or image.manifest.digest.removeprefix("sha256:")[:12]
    return f"{image.repository.replace('/', '.')}_{tag}"


def gather_weights(images: Iterable[PlannedImage], folder: Path) -> tuple[WeightSet, ...]:
    """Read every cache that images name, each once; folders are relative to `folder`.

    Raises:
        InputError: Some cannot be used; all of them are named.

    """
    groups: dict[tuple[Path, str, tuple[str, ...]], list[PlannedImage]] = {}
    for image in images:
        if image.model and image.model.weights:
            root = folder / image.model.weights
            key = (root, image.download_protocol, image.model.profiles)
            groups.setdefault(key, []).append(image)
    found: list[WeightSet] = []
    problems: list[str] = []
    for (root, _, _), (first, *others) in groups.items():
        try:
            found.append(replace(scan_weights(first, root), also=tuple(others)))
        except InputError as error:
            problems.append(error.message)
        except OSError as error:
            # What a container wrote as root, mostly.
            problems.append(f"{error.filename} cannot be read: {error.strerror}.")
    if problems:
        raise InputError(" ".join(problems), remedy="Fill the folders first, or take them out.")
    return tuple(found)


def scan_weights(image: PlannedImage, root: Path) -> WeightSet:
    """Read a filled cache: every file is hashed.

    Raises:
        InputError: The folder is missing or empty, or holds what cannot be carried.

    """
    if not root.is_dir():
        raise InputError(f"The weights of {image.name} are not in {root}: no such folder.")
    files: list[WeightFile] = []
    links: list[tuple[str, str]] = []
    for path in _walk(root):
        name = safe_path(path.relative_to(root).as_posix())
        found = path.lstat()
        if stat.S_ISLNK(found.st_mode):
            links.append((name, _target(root, path)))
        elif stat.S_ISREG(found.st_mode):
            files.append(WeightFile(name, found.st_size, hash_file(path), found.st_mode & 0o777))
        else:
            raise InputError(f"{path} is neither a file nor a symlink; it cannot be carried.")
    if not files:
        raise InputError(f"The folder {root} with the weights of {image.name} is empty.")
    return WeightSet(image, root, tuple(files), tuple(links))


def _walk(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders.sort()
        here = Path(folder)
        # Symlinks to folders stand among the folders; they are carried as links.
        yield from (here / name for name in folders if (here / name).is_symlink())
        yield from (here / name for name in sorted(names) if not name.endswith(".lock"))


def _target(root: Path, link: Path) -> str:
    target = link.readlink()
    # Not resolved: what counts is where the link leads at the other side, under another root.
    inside = Path(os.path.normpath(link.parent / target))
    if target.is_absolute() or not inside.is_relative_to(os.path.normpath(root)):
        raise InputError(f"The symlink {link} leads out of {root}; it cannot be carried.")
    return str(target)
