"""Reads the catalogue of a cluster for `odh-nim models`."""

from odh_nim.catalog.catalog import Catalog
from odh_nim.catalog.load import find_installation
from odh_nim.cli import wiring
from odh_nim.cli.common import Target
from odh_nim.cli.installed import namespace_setting
from odh_nim.cli.output import print_findings
from odh_nim.domain.errors import CatalogError, KubeconfigError


async def catalog_of_cluster(target: Target, applications_namespace: str | None) -> Catalog:
    """Read the catalogue in use.

    Raises:
        CatalogError: There is none, or no cluster to read it from.

    """
    setting = namespace_setting(applications_namespace)
    try:
        async with wiring.connect(target) as client:
            installation = await find_installation(client, setting=setting)
    except KubeconfigError as error:
        raise CatalogError(
            f"There is no cluster to read the catalogue from: {error.message}",
            remedy="Name one with --kubeconfig, or read a file with --catalog FILE.",
        ) from error
    print_findings(installation.config.findings)
    return installation.catalog
