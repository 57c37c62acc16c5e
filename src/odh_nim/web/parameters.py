"""What routes take from an address, checked before anything is asked with it."""

from typing import Annotated

from fastapi import Path, Query

from odh_nim.web.schemas import LABEL_NAME, OBJECT_NAME, REQUEST_ID

Project = Annotated[str, Path(pattern=LABEL_NAME, description="Name of a project.")]
Deployment = Annotated[str, Path(pattern=OBJECT_NAME, description="Name of a deployment.")]
RequestId = Annotated[str, Path(pattern=REQUEST_ID, description="Id of a request.")]
MaybeProject = Annotated[str | None, Query(pattern=LABEL_NAME, description="Only this project.")]
MaybeDeployment = Annotated[
    str | None, Query(pattern=OBJECT_NAME, description="A deployment with an own key.")
]
MaybeName = Annotated[str | None, Query(pattern=OBJECT_NAME)]
Tail = Annotated[int | None, Query(ge=1, le=10_000, description="Only so many last lines.")]
