"""Data folders in which everything slow is done already.

The API server needs several seconds to take in KServe's kinds. That is done once per version and
variant; every fresh sandbox begins with a copy.
"""

import asyncio
import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from odh_nim.sandbox.controlplane.connect import connect
from odh_nim.sandbox.controlplane.contents import PREPARED, Contents
from odh_nim.sandbox.controlplane.leftovers import remove_sockets, stop_leftovers
from odh_nim.sandbox.controlplane.parts import API_SERVER, CONTROLLER_MANAGER, ETCD
from odh_nim.sandbox.controlplane.plane import Plane
from odh_nim.sandbox.layout import Layout, make_private_folder
from odh_nim.sandbox.programs import Programs
from odh_nim.sandbox.seed import Variant

# Each is some 70 MB.
_KEPT: Final = 6
_HASH_LENGTH: Final = 16
_LOCK_POLL: Final = 0.2
_OLD_SECONDS: Final = 24 * 3600


class PreparedData:
    """The prepared data of one version and variant, in the cache."""

    def __init__(
        self, cache_home: Path, programs: Programs, variant: Variant, contents: Contents
    ) -> None:
        digests = {stage: contents.digests()[stage] for stage in PREPARED}
        text = json.dumps([programs.identity, variant, digests])
        key = hashlib.sha256(text.encode()).hexdigest()[:_HASH_LENGTH]
        self._home = cache_home / "prepared"
        self._folder = self._home / f"{variant}-{key}"
        self._programs = programs
        self._contents = contents
        self.digests = digests

    @property
    def is_there(self) -> bool:
        """Say whether it was made already."""
        return self._folder.is_dir()

    async def copy_to(self, data: Path) -> None:
        """Give a sandbox a copy; make the data first where nobody did.

        Raises:
            SandboxError: It cannot be made.

        """
        make_private_folder(self._home)
        if not self.is_there:
            async with _lock(self._home / f"{self._folder.name}.lock"):
                if not self.is_there:
                    await self._make()
        os.utime(self._folder)
        fresh = data.with_name(f"{data.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(self._folder, fresh)
        shutil.rmtree(data, ignore_errors=True)
        fresh.rename(data)

    async def _make(self) -> None:
        # The lock is ours: whoever worked in this folder before was killed.
        layout = Layout(self._home / f".{self._folder.name}")
        stop_leftovers(layout)
        shutil.rmtree(layout.home, ignore_errors=True)
        plane = Plane(self._programs, layout)
        try:
            await plane.start((ETCD, API_SERVER, CONTROLLER_MANAGER))
            async with connect(layout.system_kubeconfig) as client:
                await self._contents.load_prepared(client)
            await plane.stop()
            remove_sockets(layout)
            layout.data.rename(self._folder)
        finally:
            await plane.stop()
            shutil.rmtree(layout.home, ignore_errors=True)
        self._forget_old()

    def _forget_old(self) -> None:
        folders = [folder for folder in self._home.iterdir() if folder.is_dir()]
        made = [folder for folder in folders if not folder.name.startswith(".")]
        made.sort(key=lambda folder: folder.stat().st_mtime, reverse=True)
        # What a killed run left half-way; a running one is younger.
        yesterday = time.time() - _OLD_SECONDS
        half = [
            folder
            for folder in folders
            if folder.name.startswith(".") and folder.stat().st_mtime < yesterday
        ]
        for folder in made[_KEPT:] + half:
            shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def _lock(path: Path) -> AsyncIterator[None]:
    """Let one process make the data; the others wait and copy it."""
    with path.open("w", encoding="ascii") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(_LOCK_POLL)
        yield
