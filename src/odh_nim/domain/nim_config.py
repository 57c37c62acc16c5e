"""The cluster's configuration of odh-nim: `spec.nimConfig` of the dashboard's configuration."""

from dataclasses import dataclass

from odh_nim.domain.finding import Finding


@dataclass(frozen=True)
class ConfigMapReference:
    """A ConfigMap by name, and by namespace where one is given."""

    name: str
    namespace: str | None = None


@dataclass(frozen=True)
class NimConfig:
    """What an admin has configured; the defaults hold where nothing is.

    `collect_keys` off (disableKeyCollection) wins over `validate_keys` off (disableKeyValidation):
    then there is no key step, no Secret, no `NGC_API_KEY`, no `imagePullSecrets` and no outbound
    call at all.
    """

    custom_config_map: ConfigMapReference | None = None
    validate_keys: bool = True
    collect_keys: bool = True
    source: str = "built-in defaults"
    findings: tuple[Finding, ...] = ()

    @property
    def may_ask_nvidia(self) -> bool:
        """Whether any call to NVIDIA is allowed."""
        return self.validate_keys and self.collect_keys
