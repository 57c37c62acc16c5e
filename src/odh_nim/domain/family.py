"""What the images of one family speak, and where: ports, probes, environment."""

from dataclasses import dataclass, field

from odh_nim.domain.image import tag_major
from odh_nim.domain.protocol import Protocol


@dataclass(frozen=True)
class Family:
    """A family of NIM images (`llm`, `retriever-embed`, `speech` …).

    `http_port` is None where no HTTP port is documented; then probes use `grpc_port` over TCP.
    `metrics_port` is None where no metrics path is known: a scrape target would always be down.
    Environment is by protocol and, for images whose major version changed it, by `major`.
    """

    id: str
    title: str
    http_port: int | None
    grpc_port: int | None
    protocols: tuple[Protocol, ...]
    metrics_port: int | None = None
    metrics_path: str = "/v1/metrics"
    ready_path: str = "/v1/health/ready"
    live_path: str = "/v1/health/live"
    # A second port `http` beside gRPC: only where KServe's routing by content type is right.
    http_beside_grpc: bool = False
    grpc_service: str = ""
    api: tuple[str, ...] = ()
    environment: dict[Protocol, dict[str, str]] = field(default_factory=dict)
    environment_by_major: dict[Protocol, dict[int, dict[str, str]]] = field(default_factory=dict)
    key_variable: str = "NGC_API_KEY"
    # Images, by their name, that read the key from another variable than their family.
    key_variables: dict[str, str] = field(default_factory=dict)
    # From this major version on, weights and kernels are kept outside NIM_CACHE_PATH.
    native_cache_from_major: int | None = None
    # Folders the image writes to, besides those that every runtime has.
    writable_paths: tuple[str, ...] = ()
    extra_credentials: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def default_protocol(self) -> Protocol:
        """HTTP wherever the family serves it, gRPC for the families that serve nothing else."""
        return Protocol.HTTP if Protocol.HTTP in self.protocols else Protocol.GRPC

    def env(self, protocol: Protocol, tag: str) -> dict[str, str]:
        """Give the environment that sets the ports of this protocol for this tag.

        A tag without a version (`latest`) counts as the newest known major.
        """
        by_major = self.environment_by_major.get(protocol, {})
        if not by_major:
            return dict(self.environment.get(protocol, {}))
        major = tag_major(tag)
        newest = max(by_major)
        chosen = (
            newest
            if major is None
            else max((m for m in by_major if m <= major), default=min(by_major))
        )
        return {**self.environment.get(protocol, {}), **by_major[chosen]}

    def key_variable_of(self, image_name: str) -> str:
        """Name the variable that this image reads the NGC key from."""
        return self.key_variables.get(image_name, self.key_variable)

    def caches_natively(self, tag: str) -> bool:
        """Say whether an image of this tag keeps its weights in `/model` and `/opt/cache`.

        A tag without a version counts as the newest known major, as it does for `env`.
        """
        if self.native_cache_from_major is None:
            return False
        major = tag_major(tag)
        return major is None or major >= self.native_cache_from_major
