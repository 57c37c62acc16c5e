"""Options that the commands of the air gap share."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

R = TypeVar("R")


@dataclass(frozen=True)
class Access:
    """How registries are reached and who we are to them."""

    key_file: str | None = None
    authfile: Path | None = None
    source_ca: Path | None = None
    ca: Path | None = None
    client_cert: Path | None = None
    client_key: Path | None = None
    wait: float = 600


@dataclass(frozen=True)
class Running:
    """How a transfer runs and tells about itself."""

    workers: int = 4
    engine: str = "own"
    keep_going: bool = True
    dry_run: bool = False
    journal: Path | None = None
    output: str = "text"


def _file(name: str, help_text: str) -> Callable[[Callable[..., R]], Callable[..., R]]:
    kind = click.Path(path_type=Path, dir_okay=False)
    return click.option(name, type=kind, metavar="FILE", help=help_text)


def access_options(command: Callable[..., R]) -> Callable[..., R]:
    """Add the options of registries; the command gets them as `access`."""

    @functools.wraps(command)
    def with_access(
        *args: Any,
        key_file: str | None,
        authfile: Path | None,
        source_ca: Path | None,
        ca: Path | None,
        client_cert: Path | None,
        client_key: Path | None,
        wait: float,
        **kwargs: Any,
    ) -> R:
        access = Access(key_file, authfile, source_ca, ca, client_cert, client_key, wait)
        return command(*args, access=access, **kwargs)

    options: list[Callable[[Any], Any]] = [
        click.option(
            "--key-file",
            metavar="FILE",
            help="File with the NGC API key for nvcr.io; - is standard input.",
        ),
        _file("--authfile", "Logins, as docker and podman keep them.  [default: theirs]"),
        _file("--source-ca", "CA of the source, where a proxy shows its own certificate."),
        _file("--ca", "CA of the mirror."),
        _file("--client-cert", "Certificate for the mirror."),
        _file("--client-key", "Key of that certificate."),
        click.option(
            "--wait",
            type=click.FloatRange(min=0),
            default=600,
            show_default=True,
            metavar="SECONDS",
            help="How long a registry may be away.",
        ),
    ]
    for option in reversed(options):
        option(with_access)
    return with_access


def running_options(command: Callable[..., R]) -> Callable[..., R]:
    """Add the options of a transfer; the command gets them as `running`."""

    @functools.wraps(command)
    def with_running(
        *args: Any,
        workers: int,
        engine: str,
        fail_fast: bool,
        dry_run: bool,
        journal: Path | None,
        output: str,
        **kwargs: Any,
    ) -> R:
        running = Running(workers, engine, not fail_fast, dry_run, journal, output)
        return command(*args, running=running, **kwargs)

    options: list[Callable[[Any], Any]] = [
        click.option(
            "--workers",
            type=click.IntRange(1, 32),
            default=4,
            show_default=True,
            help="Blobs at once.",
        ),
        click.option(
            "--engine",
            type=click.Choice(["own", "skopeo"]),
            default="own",
            show_default=True,
            help="skopeo moves one image after another.",
        ),
        click.option("--fail-fast", is_flag=True, help="Stop at the first image that fails."),
        click.option("--dry-run", is_flag=True, help="Say what would move, and move nothing."),
        _file("--journal", "File for the events of the run, read by `status`."),
        click.option(
            "-o",
            "--output",
            type=click.Choice(["text", "json"]),
            default="text",
            show_default=True,
            help="json: one event a line while it runs.",
        ),
    ]
    for option in reversed(options):
        option(with_running)
    return with_running
