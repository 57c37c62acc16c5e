"""`odh-nim airgap`: from a list of models to a disconnected cluster that serves them."""

import click

from odh_nim.cli.airgap_check import prune, status, verify
from odh_nim.cli.airgap_cluster import pull_secret, resources
from odh_nim.cli.airgap_move import copy, pull, push
from odh_nim.cli.airgap_plan import plan
from odh_nim.cli.airgap_preload import preload, preloaded


@click.group()
def airgap() -> None:
    """Bring models into a cluster without the internet.

    Exit codes are added where several things fail: 2 plan or usage, 4 source, 8 destination,
    16 integrity, 32 some images went through. 130 is stopped.

    \b
    Examples:
      odh-nim airgap plan models.yaml --out plan.yaml --key-file key
      odh-nim airgap pull plan.yaml bundle --key-file key
      odh-nim airgap push bundle mirror.example.com:5000
      odh-nim airgap verify bundle --registry mirror.example.com:5000 --record found.json
      odh-nim airgap resources bundle --verified found.json --out resources
    """  # noqa: D301 - \b is click's mark for a block that is not re-wrapped


_COMMANDS = (
    plan,
    pull,
    push,
    copy,
    verify,
    resources,
    pull_secret,
    preload,
    preloaded,
    prune,
    status,
)
for _command in _COMMANDS:
    airgap.add_command(_command)
