"""What `odh-nim doctor` does: examine, print, and remove what was never finished if asked to."""

import dataclasses
from typing import TYPE_CHECKING, Final

import click

from odh_nim.cli import wiring
from odh_nim.cli.common import Target
from odh_nim.cli.installed import namespace_setting
from odh_nim.cli.output import note, print_data, print_facts, print_findings
from odh_nim.deployment import delete_remainder
from odh_nim.domain.errors import DeleteFailedError
from odh_nim.journeys.doctor import Report, examine

if TYPE_CHECKING:
    from odh_nim.cluster import Client

_FOUND: Final = 7


async def run(
    target: Target, applications_namespace: str | None, output: str, *, fix: bool, yes: bool
) -> int:
    """Examine; give the exit code."""
    async with wiring.connect(target) as client:
        namespace = wiring.project(target, client)
        setting = namespace_setting(applications_namespace)
        report = await examine(client, namespace, setting=setting)
        _print(report, output)
        if fix:
            await _fix(client, report, yes=yes)
    return _FOUND if report.errors else 0


def _print(report: Report, output: str) -> None:
    if output != "table":
        findings = [
            dataclasses.asdict(finding) | {"severity": finding.severity.value}
            for finding in report.findings
        ]
        print_data({"facts": report.facts, "findings": findings}, output)
        return
    print_facts(report.facts)
    print_findings(report.findings)
    if not report.findings:
        note("Nothing to mend.")


async def _fix(client: "Client", report: Report, *, yes: bool) -> None:
    unfinished = report.remainders.incomplete if report.remainders else ()
    for remainder in unfinished:
        objects = ", ".join(str(reference) for reference in remainder.objects)
        if not yes:
            click.confirm(f"Remove {objects} of {remainder.name}?", abort=True, err=True)
        if stays := await delete_remainder(client, remainder):
            raise DeleteFailedError(remainder.name, stays)
        note(f"Removed: {objects}.")
    if not unfinished:
        note("There was nothing that could be mended without a decision of yours.")
