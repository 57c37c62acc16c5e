"""A world for whole air-gap commands: NVIDIA's registry and a mirror, both real programs."""

import contextlib
import io
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from odh_nim.cli.main import main
from support.registry_clients import open_store
from support.registry_images import MadeImage, image, layer
from support.registry_program import RegistryProgram

AGENT_TAG = "v0.15.0"
MODELS = ("team/m0", "team/m1", "team/m2")


class Running(Protocol):
    """A registry that answers."""

    @property
    def host(self) -> str:
        """`host:port`."""

    @property
    def url(self) -> str:
        """Its address."""


def fill(program: Running, repository: str, tag: str, made: MadeImage) -> None:
    """Put an image into a real registry."""
    with open_store(program.host) as store:
        for digest, blob in made.blobs.items():
            if not store.has_blob(repository, digest):
                store.upload_blob(repository, digest, len(blob), _reader(blob))
        store.put_manifest(repository, tag, made.body, made.media_type)


def _reader(blob: bytes) -> Callable[[int], Iterator[bytes]]:
    return lambda offset: iter([blob[offset:]])


@dataclass(frozen=True)
class Served:
    """The stand-in as a running registry."""

    host: str

    @property
    def url(self) -> str:
        return f"http://{self.host}"


@dataclass(frozen=True)
class Answer:
    """What a command printed."""

    stdout: str
    stderr: str


@dataclass
class World:
    """Two registries, a folder, and the commands as a person calls them."""

    nvidia: Running
    mirror: RegistryProgram
    folder: Path
    images: dict[str, MadeImage] = field(default_factory=dict)

    def publish(self, *, shared: int = 600_000, own: int = 300_000) -> None:
        """Fill NVIDIA's registry with three models and KServe's agent."""
        base = layer(shared, "base")
        for number, model in enumerate(MODELS):
            made = image(
                [base, layer(own, f"own-{number}")],
                labels={"com.nvidia.nim.type": "llm"},
                docker=number == 1,
                indent=3 if number == 2 else None,
            )
            self.images[model] = made
            fill(self.nvidia, f"nim/{model}", "1.0.0", made)
            fill(self.nvidia, f"nim/{model}", "1.0", made)
        fill(self.nvidia, "kserve/agent", AGENT_TAG, image([layer(5000, "agent")]))

    def write_list(self) -> Path:
        """Write the customer's list."""
        lines = ["version: 1", "models:"]
        lines += [f'- {{model: {model}, tags: ["1.0.0", "1.0"]}}' for model in MODELS]
        lines += ["images:", f"- {self.nvidia.host}/kserve/agent:{AGENT_TAG}"]
        path = self.folder / "models.yaml"
        path.write_text("\n".join(lines) + "\n")
        return path

    def write_catalog(self) -> Path:
        """Write the catalogue that knows the models."""
        data = {
            model.partition("/")[2]: json.dumps(
                {
                    "name": model.partition("/")[2],
                    "displayName": f"Model {model}",
                    "namespace": f"nim/{model.partition('/')[0]}",
                    "tags": ["1.0.0", "1.0"],
                    "latestTag": "1.0",
                    "family": "llm",
                }
            )
            for model in MODELS
        }
        document = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "nvidia-nim-models-data"},
            "data": data,
        }
        path = self.folder / "catalog.yaml"
        path.write_text(json.dumps(document))
        return path

    def environ(self, **more: str) -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if "proxy" not in name.lower()},
            "ODH_NIM_REGISTRY_URL": self.nvidia.url,
            "ODH_NIM_CACHE_HOME": str(self.folder / "cache"),
            "HOME": str(self.folder),
            **more,
        }

    def command(self, *words: str | Path) -> list[str]:
        return [sys.executable, "-m", "odh_nim", "airgap", *map(str, words)]

    def run(self, *words: str | Path, code: int | Sequence[int] = 0, **more: str) -> Answer:
        """Run a command to its end, in this process, and check its exit code."""
        stdout, stderr = io.StringIO(), io.StringIO()
        before = dict(os.environ)
        ended = None
        try:
            os.environ.clear()
            os.environ.update(self.environ(**more))
            with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
                main(["airgap", *map(str, words)])
        except SystemExit as end:
            ended = end.code
        finally:
            os.environ.clear()
            os.environ.update(before)
        wanted = (code,) if isinstance(code, int) else code
        assert ended in wanted, f"{ended}: {stdout.getvalue()}{stderr.getvalue()}"
        return Answer(stdout.getvalue(), stderr.getvalue())

    def plan(self) -> Path:
        """Make the plan of the three models."""
        out = self.folder / "plan.yaml"
        self.run("plan", self.write_list(), "--catalog", self.write_catalog(), "--out", out)
        return out
