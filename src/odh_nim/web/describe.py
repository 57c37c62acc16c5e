"""The OpenAPI document, as exact as the routes are."""

from typing import Any

from fastapi import FastAPI

from odh_nim.web.schemas import ProblemOut


def describe_exactly(app: FastAPI) -> None:
    """Let the application describe itself, with what FastAPI cannot know."""
    generate = app.openapi

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _exact(generate())
        return app.openapi_schema

    app.openapi = describe  # type: ignore[method-assign]  # FastAPI's own way to change it


def _exact(document: dict[str, Any]) -> dict[str, Any]:
    for path in document["paths"].values():
        for operation in path.values():
            for answer in operation["responses"].values():
                for content in answer.get("content", {}).values():
                    _drop_type_beside_reference(content)
    schemas = document["components"]["schemas"]
    problem = ProblemOut.model_json_schema(
        by_alias=True, ref_template="#/components/schemas/{model}"
    )
    schemas |= problem.pop("$defs", {}) | {ProblemOut.__name__: problem}
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    return document


def _drop_type_beside_reference(content: dict[str, Any]) -> None:
    """Describe an answer of events as one event; FastAPI says string as well."""
    schema = content.get("schema", {})
    if "$ref" in schema:
        schema.pop("type", None)
