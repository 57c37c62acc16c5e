"""From the product's own types to what goes over the wire."""

from collections.abc import Iterable

from odh_nim.catalog import Catalog
from odh_nim.domain.deployment_name import propose_name
from odh_nim.domain.finding import Finding
from odh_nim.domain.model import Model
from odh_nim.domain.protocol import Protocol
from odh_nim.domain.quantity import gibibytes
from odh_nim.manifests.families import family_of
from odh_nim.web.schemas import (
    BrokenEntryOut,
    FindingOut,
    GpuOut,
    ModelOut,
    ModelsOut,
)

# Weights grow a little when they are unpacked; the same factor as on the command line.
_MARGIN = 1.3
_UNKNOWN_SIZE = "50Gi"


def findings_out(findings: Iterable[Finding]) -> list[FindingOut]:
    """Show findings."""
    return [
        FindingOut(
            severity=finding.severity.value,
            code=finding.code,
            subject=finding.subject,
            message=finding.message,
            remedy=finding.remedy,
        )
        for finding in findings
    ]


def models_out(catalog: Catalog) -> ModelsOut:
    """Show the whole catalogue."""
    return ModelsOut(
        source=catalog.source,
        revision=catalog.revision,
        date=catalog.date,
        edited=catalog.edited,
        findings=findings_out(catalog.findings),
        broken=[BrokenEntryOut(key=entry.key, reason=entry.reason) for entry in catalog.broken],
        items=[model_out(model) for model in catalog.models],
    )


def model_out(model: Model) -> ModelOut:
    """Show one model, with what follows from its family."""
    family = family_of(model.family)
    spoken = list(model.protocols)
    return ModelOut(
        key=model.key,
        name=model.name,
        team=model.team,
        repository=model.repository,
        image=f"{model.registry}/{model.repository}",
        display_name=model.display_name,
        short_description=model.short_description,
        publisher=model.publisher,
        tags=list(model.tags),
        latest_tag=model.latest_tag,
        default_tag=model.default_tag,
        updated_date=model.updated_date,
        eu_restricted=model.eu_restricted,
        family=model.family,
        family_title=family.title,
        protocols=spoken,
        protocol_reason=_protocol_reason(spoken, family.title),
        architectures=list(model.architectures),
        multinode=model.multinode,
        size_bytes=model.size_bytes,
        weights_bytes=model.weights_bytes,
        gpu=GpuOut(
            required=model.gpu.required,
            counts=list(model.gpu.counts),
            products=list(model.gpu.products),
            memory_gib=model.gpu.memory_gib,
        )
        if model.gpu
        else None,
        key_required=model.key_required,
        proposed_name=propose_name(model.name, ""),
        proposed_storage=gibibytes(int(model.weights_bytes * _MARGIN))
        if model.weights_bytes
        else _UNKNOWN_SIZE,
    )


def _protocol_reason(protocols: list[Protocol], title: str) -> str:
    if len(protocols) > 1:
        return ""
    other = "gRPC" if protocols[0] is Protocol.HTTP else "HTTP"
    return f"Images of the family “{title}” do not speak {other}."
