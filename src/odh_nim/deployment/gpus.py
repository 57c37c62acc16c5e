"""Which nodes have GPUs free for a deployment, and why the others have not; pure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class NodeGpus:
    """One node that has GPUs; `obstacle` says why its free ones cannot be used."""

    node: str
    total: int
    free: int
    product: str = ""
    memory_gib: int | None = None
    obstacle: str = ""


@dataclass(frozen=True)
class GpuReport:
    """The GPUs of the cluster as one deployment sees them."""

    resource: str
    nodes: tuple[NodeGpus, ...]

    def replicas(self, gpus: int) -> int:
        """Count how many replicas of so many GPUs fit now."""
        return sum(node.free // gpus for node in self.nodes if not node.obstacle) if gpus else 0
