"""What a deployment speaks."""

from enum import StrEnum


class Protocol(StrEnum):
    """The protocol that clients of a deployment use; it selects the Template."""

    HTTP = "http"
    GRPC = "grpc"

    @property
    def api_protocol(self) -> str:
        """The spelling of the annotation `opendatahub.io/apiProtocol`."""
        return "REST" if self is Protocol.HTTP else "gRPC"
