"""What a project and a cluster offer, as it goes over the wire."""

from datetime import UTC, datetime

from odh_nim.catalog import Catalog
from odh_nim.deployment import GpuReport
from odh_nim.domain.nim_config import NimConfig
from odh_nim.journeys.hardware import Hardware, Profile
from odh_nim.journeys.site import Site
from odh_nim.journeys.storage import Claim, Storage
from odh_nim.upgrade.record import Mark, Record
from odh_nim.web.schemas import ConfigurationOut
from odh_nim.web.schemas_cluster import (
    CatalogStateOut,
    ClaimOut,
    GpusOut,
    HardwareOut,
    IdentifierOut,
    NodeOut,
    ProfileOut,
    StorageClassOut,
    StorageOut,
    UpgradeMarkOut,
    UpgradeReportOut,
)
from odh_nim.web.views import findings_out


def configuration_out(site: Site) -> ConfigurationOut:
    """Show what is configured, and where it stands."""
    config: NimConfig = site.config
    custom = config.custom_config_map
    place = f"{custom.namespace}/{custom.name}" if custom and custom.namespace else None
    return ConfigurationOut(
        applications_namespace=site.applications_namespace,
        source=config.source,
        collect_keys=config.collect_keys,
        validate_keys=config.validate_keys,
        custom_config_map=place or (custom.name if custom else None),
        findings=findings_out(config.findings),
    )


def storage_out(storage: Storage) -> StorageOut:
    """Show classes and claims."""
    return StorageOut(
        classes=[
            StorageClassOut(
                name=one.name,
                default=one.default,
                expandable=one.expandable,
                provisioner=one.provisioner,
            )
            for one in storage.classes
        ],
        claims=[_claim(one) for one in storage.claims],
        findings=findings_out(storage.findings),
    )


def hardware_out(hardware: Hardware) -> HardwareOut:
    """Show profiles and GPUs."""
    return HardwareOut(
        profiles=[_profile(one) for one in hardware.profiles],
        gpus=_gpus(hardware.gpus),
        findings=findings_out(hardware.findings),
    )


def catalog_out(catalog: Catalog | None, config: NimConfig) -> CatalogStateOut | None:
    """Show which catalogue is used, and how old it is."""
    if catalog is None:
        return None
    return CatalogStateOut(
        source=catalog.source,
        revision=catalog.revision,
        date=catalog.date,
        age_days=_age(catalog.date),
        edited=catalog.edited,
        custom=config.custom_config_map is not None,
        models=len(catalog.models),
        broken=len(catalog.broken),
    )


def upgrade_out(record: Record) -> UpgradeReportOut:
    """Show what the last clean-up did."""
    return UpgradeReportOut(
        state=record.state,
        at=record.at,
        deleted=[_mark(one) for one in record.deleted],
        changed=[_mark(one) for one in record.changed],
        left=list(record.left),
        advice=list(record.advice),
    )


def _claim(claim: Claim) -> ClaimOut:
    view = claim.view
    return ClaimOut(
        name=view.name,
        size=view.size,
        access_modes=list(view.access_modes),
        storage_class=view.storage_class,
        phase=view.phase,
        used_by=list(view.users),
        nim=view.for_nim,
        sub_path=view.sub_path,
        preloaded=bool(view.preloaded_image),
        preloaded_image=view.preloaded_image,
        problem=claim.problem,
    )


def _profile(profile: Profile) -> ProfileOut:
    return ProfileOut(
        name=profile.name,
        project=profile.namespace,
        display_name=profile.display_name,
        description=profile.description,
        identifiers=[
            IdentifierOut(
                resource=one.resource,
                title=one.title,
                default=one.default,
                minimum=one.minimum,
                maximum=one.maximum,
            )
            for one in profile.identifiers
        ],
    )


def _gpus(report: GpuReport | None) -> GpusOut:
    if report is None:
        return GpusOut(known=False, free=0, nodes=[])
    return GpusOut(
        known=True,
        free=sum(node.free for node in report.nodes if not node.obstacle),
        nodes=[
            NodeOut(
                name=node.node,
                product=node.product,
                memory_gib=node.memory_gib,
                allocatable=node.total,
                free=node.free,
                reason=node.obstacle,
            )
            for node in report.nodes
        ],
    )


def _mark(mark: Mark) -> UpgradeMarkOut:
    return UpgradeMarkOut(object=mark.subject, uid=mark.uid)


def _age(date: str | None) -> int | None:
    try:
        made = datetime.fromisoformat(date or "")
    except ValueError:
        return None
    made = made if made.tzinfo else made.replace(tzinfo=UTC)
    return max(0, (datetime.now(UTC) - made).days)
