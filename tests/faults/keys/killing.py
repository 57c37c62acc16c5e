"""Runs `odh-nim keys rotate` through a proxy that kills it at one of its writes."""

import asyncio
import os
import sys
from pathlib import Path

from faults.deployment.stage import proxy_of
from odh_nim.manifests.yaml import dump_yaml, load_yaml
from odh_nim.sandbox.layout import write_private
from odh_nim.sandbox.testing import ControlPlane
from support.faults import Plan


async def killed_rotation(
    plane: ControlPlane,
    namespace: str,
    folder: Path,
    plan: Plan,
    *options: str,
    key: str,
    user: str = "alice",
) -> str:
    """Rotate to a key until the kill; give what was printed."""
    kubeconfig = folder / f"kubeconfig-{user}"
    async with proxy_of(plane, counts=lambda call: call.is_write) as proxy:
        data = load_yaml(plane.kubeconfig(user).read_text(encoding="utf-8"))
        data["clusters"][0]["cluster"] = {"server": proxy.url}
        write_private(kubeconfig, dump_yaml(data))
        proxy.play(plan)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "odh_nim", "--debug", "keys", "rotate", *options),
            *("-n", namespace),
            env=os.environ | plane.environment(user) | {"KUBECONFIG": str(kubeconfig)},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        proxy.on_kill = process.kill
        printed, _ = await asyncio.wait_for(process.communicate(key.encode()), 120)
        assert process.returncode == -9, printed.decode()
    return printed.decode()
