"""What stands behind `airgap resources` and `pull-secret`."""

import os
from dataclasses import dataclass
from pathlib import Path

from odh_nim.airgap.bundle.reader import carried_weights, open_bundle
from odh_nim.airgap.resources.mirrors import Mirror
from odh_nim.airgap.resources.pull_secret import MirrorLogin, merge_pull_secret
from odh_nim.airgap.resources.write import ResourceRequest, build_resources, write_resources
from odh_nim.airgap.verified import read_verified
from odh_nim.cli.airgap_catalog import read_catalog
from odh_nim.cli.airgap_look import plan_of
from odh_nim.cli.common import Target
from odh_nim.cli.output import note, print_data, print_findings
from odh_nim.domain.errors import InputError
from odh_nim.registry import Location, Logins


@dataclass(frozen=True)
class ResourceWish:
    """What `airgap resources` was asked for."""

    subject: Path
    verified: Path
    out: Path
    catalog: Path | None
    namespace: str | None
    digest_only: bool
    never_contact_source: bool
    rename: bool
    collect_keys: bool
    plain: bool
    ca: str | None


def write(wish: ResourceWish, output: str) -> int:
    """Build every file, print what must be known, write."""
    plan, _ = plan_of(wish.subject)
    verified = read_verified(wish.verified)
    place = Location.parse(verified.registry)
    made = build_resources(
        ResourceRequest(
            plan=plan,
            verified=verified,
            mirror=Mirror(
                place.host,
                place.prefix,
                plain=wish.plain,
                never_contact_source=wish.never_contact_source,
            ),
            base=read_catalog(wish.catalog),
            namespace=wish.namespace,
            digest_only=wish.digest_only,
            rename=wish.rename,
            collect_keys=wish.collect_keys,
            ca=wish.ca,
            profiles=_profiles(wish.subject),
        )
    )
    print_findings(made.findings)
    written = [str(path) for path in write_resources(made, wish.out)]
    if output == "json":
        print_data({"files": written}, "json")
    else:
        for path in written:
            note(path)
    return 0


def _profiles(subject: Path) -> dict[str, list[str]]:
    """Give the profiles whose weights a bundle carries, by image."""
    if not subject.is_dir():
        return {}
    carried = carried_weights(open_bundle(subject)).values()
    every = [each for weights in carried for each in weights.every()]
    return {weights.image: list(weights.profiles) for weights in every if weights.profiles}


async def merge_login(
    registry: str, authfile: Path | None, target: Target, *, dry_run: bool
) -> int:
    """Merge the mirror's login into the global pull secret and show the difference."""
    place = Location.parse(registry)
    login = Logins(os.environ, authfile=authfile).find(place.host)
    if login is None or not login.password:
        raise InputError(
            f"No login of {place.host} is known.",
            remedy=f"Log in first: podman login {place.host}, or name a file with --authfile.",
        )
    from odh_nim.cli import wiring  # noqa: PLC0415 - only here a cluster is asked

    async with wiring.connect(target) as client:
        merge = await merge_pull_secret(
            client, MirrorLogin(place.host, login.username, login.password), dry_run=dry_run
        )
    for line in merge.lines():
        note(line)
    return 0
