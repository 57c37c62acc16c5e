"""Every error that odh-nim expects, and the exit code of its class.

OdhNimError                      1
├── InputError                   2   what was typed or pasted cannot be used
│   ├── InvalidNameError
│   ├── InvalidKeyError
│   │   └── LegacyKeyError
│   └── InvalidQuantityError
├── UnknownModelError            3   no such model, tag or deployment
├── ClusterError                     an answer of the API server, or none
│   ├── NotFoundError            3
│   │   └── KindNotServedError   3   the cluster does not know this type at all
│   ├── UnauthorizedError        4
│   ├── ForbiddenError           4
│   │   ├── QuotaExceededError   7
│   │   └── NamespaceTerminatingError  7
│   ├── AlreadyExistsError       5
│   ├── ConflictError            5
│   ├── ExpiredError             6   410: a continue token or resourceVersion is too old
│   ├── RejectedError            7   invalid, immutable, or denied by a webhook
│   ├── BusyError                6   429, 503: come back later
│   ├── ServerError              6   500, 502, 504
│   └── UnreachableError         6   no connection; nothing was sent
│       └── UnclearReplyError    6   sent, but the reply was lost: the write may be stored
├── KubeconfigError              2   no usable connection data
├── NgcError                         an answer of NVIDIA's API, or none
│   ├── KeyRefusedError          7
│   ├── PullRefusedError         7   the key may not pull this image
│   ├── NgcAnswerError           6   it answered what cannot be used
│   ├── ModelUnreadError         6   one model could not be read, so no catalogue is made
│   └── NgcUnavailableError      6   could not ask: neither accepted nor refused
├── RegistryError                4   an answer of a container registry, or none
│   ├── RegistryRefusedError     4   401, 402, 403, 451
│   ├── RegistryMissingError     4   404: no such repository, tag or blob
│   └── RegistryUnreachableError 4   no connection, or no end of faults
├── AirGapError                      the bits of the air gap: 2 plan, 4 source, 8 destination,
│   │                                16 integrity, 32 some images went through
│   ├── MirrorPlanError          2
│   ├── UnusableManifestError    2   an image that cannot be mirrored
│   ├── DiskSpaceError           2
│   ├── DiskError                8   a file cannot be written: full, read-only, no right
│   ├── PreloadFailedError       8   weights are not complete; the claim is not marked
│   ├── DigestError              16  bytes are not what their digest says
│   ├── BundleError              16  a bundle or a volume is damaged or incomplete
│   ├── TransferError            sum of what failed
│   └── TransferStoppedError     130
├── CatalogError                 3   no usable catalogue
│   └── CatalogRefusedError      7   what was read must not ship: too few models, too large
├── OutputError                  1   a file could not be written; the old one is as it was
├── ConfigurationError           2
├── KeyMissingError              3   a deployment needs a key, and there is none
├── SecretConflictError          5   a Secret of our name is not ours
├── KeyInUseError                5   deployments refer to the key that shall go
├── KeyNotStoredError            as its cause; 9 where a Secret is left half-way
├── RotationUnfinishedError      9   the new key is stored, not all deployments run with it
├── RotationTakenBackError       8   a new pod failed with the new key; the old key is back
├── EditConflictError            5   a deployment changed while it was being edited
├── EditFailedError              8   the edit is taken back (9: something stays)
├── PreflightError               7   findings that stop a plan
├── DeployFailedError            8   all taken back (9: something stays)
├── DeleteFailedError            9
├── UpgradeIncompleteError       7   something could not be listed, so nothing was touched
├── UpgradeUnfinishedError       9   some steps failed, or wait for somebody else
├── MigrationFailedError         8   old references are back (9: something stays)
├── NotReadyError                11  deployed, but it does not serve: failed, or not in time
└── SandboxError                10
"""

from odh_nim.domain.errors.base import (
    ConfigurationError,
    InputError,
    InvalidKeyError,
    InvalidNameError,
    InvalidQuantityError,
    KubeconfigError,
    LegacyKeyError,
    OdhNimError,
    OutputError,
    SandboxError,
    UnknownModelError,
    printable,
)
from odh_nim.domain.errors.cluster import (
    AlreadyExistsError,
    BusyError,
    ClusterError,
    ConflictError,
    ExpiredError,
    ForbiddenError,
    KindNotServedError,
    NamespaceTerminatingError,
    NotFoundError,
    QuotaExceededError,
    RejectedError,
    ServerError,
    UnauthorizedError,
    UnclearReplyError,
    UnreachableError,
)
from odh_nim.domain.errors.features import (
    CatalogError,
    CatalogRefusedError,
    DeleteFailedError,
    DeployFailedError,
    EditConflictError,
    EditFailedError,
    KeyInUseError,
    KeyMissingError,
    KeyNotStoredError,
    MigrationFailedError,
    NotReadyError,
    PreflightError,
    RotationTakenBackError,
    RotationUnfinishedError,
    SecretConflictError,
    UpgradeIncompleteError,
    UpgradeUnfinishedError,
)
from odh_nim.domain.errors.outside import (
    AirGapError,
    BundleError,
    DigestError,
    DiskError,
    DiskSpaceError,
    KeyRefusedError,
    MirrorPlanError,
    ModelUnreadError,
    NgcAnswerError,
    NgcError,
    NgcUnavailableError,
    PreloadFailedError,
    PullRefusedError,
    RegistryError,
    RegistryMissingError,
    RegistryRefusedError,
    RegistryUnreachableError,
    TransferError,
    TransferStoppedError,
    UnusableManifestError,
)

__all__ = [
    "AirGapError",
    "AlreadyExistsError",
    "BundleError",
    "BusyError",
    "CatalogError",
    "CatalogRefusedError",
    "ClusterError",
    "ConfigurationError",
    "ConflictError",
    "DeleteFailedError",
    "DeployFailedError",
    "DigestError",
    "DiskError",
    "DiskSpaceError",
    "EditConflictError",
    "EditFailedError",
    "ExpiredError",
    "ForbiddenError",
    "InputError",
    "InvalidKeyError",
    "InvalidNameError",
    "InvalidQuantityError",
    "KeyInUseError",
    "KeyMissingError",
    "KeyNotStoredError",
    "KeyRefusedError",
    "KindNotServedError",
    "KubeconfigError",
    "LegacyKeyError",
    "MigrationFailedError",
    "MirrorPlanError",
    "ModelUnreadError",
    "NamespaceTerminatingError",
    "NgcAnswerError",
    "NgcError",
    "NgcUnavailableError",
    "NotFoundError",
    "NotReadyError",
    "OdhNimError",
    "OutputError",
    "PreflightError",
    "PreloadFailedError",
    "PullRefusedError",
    "QuotaExceededError",
    "RegistryError",
    "RegistryMissingError",
    "RegistryRefusedError",
    "RegistryUnreachableError",
    "RejectedError",
    "RotationTakenBackError",
    "RotationUnfinishedError",
    "SandboxError",
    "SecretConflictError",
    "ServerError",
    "TransferError",
    "TransferStoppedError",
    "UnauthorizedError",
    "UnclearReplyError",
    "UnknownModelError",
    "UnreachableError",
    "UnusableManifestError",
    "UpgradeIncompleteError",
    "UpgradeUnfinishedError",
    "printable",
]
