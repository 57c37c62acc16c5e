"""What an admin configured, for commands that need no catalogue."""

from dataclasses import dataclass

from odh_nim.catalog.configuration import load_nim_config
from odh_nim.catalog.load import CatalogCluster, find_applications_namespace
from odh_nim.cli import wiring
from odh_nim.cli.output import print_findings
from odh_nim.domain.errors import CatalogError
from odh_nim.domain.nim_config import NimConfig


@dataclass(frozen=True)
class Configured:
    """The configuration in effect; without an installation the defaults, which check everything."""

    applications_namespace: str | None
    config: NimConfig


def namespace_setting(option: str | None) -> str | None:
    """Give the applications namespace that was named, by the option or by the setting."""
    return option or wiring.settings().applications_namespace


async def find_configuration(cluster: CatalogCluster, option: str | None) -> Configured:
    """Find the configuration, and print what is wrong with it."""
    try:
        namespace = await find_applications_namespace(cluster, setting=namespace_setting(option))
    except CatalogError:
        # A key can be stored before anything is installed.
        return Configured(None, NimConfig())
    config = await load_nim_config(cluster, applications_namespace=namespace)
    print_findings(config.findings)
    return Configured(namespace, config)
