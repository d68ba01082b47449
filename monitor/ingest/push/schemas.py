"""The shapes of the push endpoint, as its OpenAPI document tells them."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from monitor.ingest.intake.accounts import Fate


class PushedArticle(BaseModel):
    """One article. `title` or `description` must hold text; everything else may be left out."""

    model_config = ConfigDict(extra="allow")

    title: str = Field(default="", description="Headline, plain text.")
    description: str = Field(default="", description="More text.")
    id: str = Field(
        default="", description="What makes it the same article when it is sent again; else `url`, else its text."
    )
    url: str = Field(default="", description="Its address.")
    published: str = Field(default="", description="When: ISO 8601, RFC 2822 or another form with the whole date.")
    updated: str = Field(default="", description="When it was last changed.")
    source: str = Field(default="", description="Who published it; else the name of this source.")
    author: str = Field(default="", description="Who wrote it.")
    parent: str = Field(default="", description="Of a comment: the id of what it answers.")
    language: str = Field(default="", description="A hint, ISO 639-1.")


class ItemResult(BaseModel):
    """What became of one article.

    `new` goes on; `duplicate` was there before, and is thereby safe; the others are refused, with the reason.
    """

    index: int = Field(ge=0, description="Its place in the request.")
    outcome: Fate
    accepted: bool = Field(description="Whether it is on disk, now or from before.")
    reason: str = Field(default="", description="Why it was refused.")


class PushAnswer(BaseModel):
    """What became of a request; every article is in `results`, in order."""

    accepted: int = Field(ge=0)
    refused: int = Field(ge=0)
    results: list[ItemResult]


class Problem(BaseModel):
    """Why a request was not taken (RFC 9457); nothing of it was kept."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str


# Without `published`, although most have it: whatever date stood here would be too old for live news one day.
_ONE: Final = {
    "id": "harbour-4711",
    "title": "Harbour bank posts a loss for the third quarter in a row",
    "description": "Deposits fell by a tenth.",
    "url": "https://paper.example/harbour-bank",
    "source": "The Harbour Paper",
}


def request_body(max_articles: int) -> dict[str, Any]:
    """The request's part of the OpenAPI document."""
    article = PushedArticle.model_json_schema()
    examples = {
        "one": {"summary": "One article", "value": _ONE},
        "batch": {"summary": "A batch", "value": [_ONE, {"title": "Ore prices rise after the storm"}]},
    }
    schema = {"oneOf": [article, {"type": "array", "items": article, "minItems": 1, "maxItems": max_articles}]}
    return {
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema, "examples": examples}}}
    }


def responses() -> dict[int | str, dict[str, Any]]:
    """The answers' part."""
    said = {
        400: "The body is no JSON, or the Idempotency-Key is none.",
        401: "The bearer token is missing or unknown.",
        408: "The body did not come in time.",
        409: "The request that used this Idempotency-Key first is still being worked on.",
        413: "The body or the batch is too large.",
        415: "The body is not JSON, or coded in another way than gzip.",
        429: "Too many articles; `Retry-After` says when to come back.",
        503: "Nothing can be taken at the moment; `Retry-After` says when to come back.",
    }
    problem = {"application/problem+json": {"schema": Problem.model_json_schema()}}
    answers: dict[int | str, dict[str, Any]] = {
        status: {"description": text, "content": problem} for status, text in said.items()
    }
    answers[202] = {"description": "At least one article is on disk.", "model": PushAnswer}
    answers[422] = {
        "description": "Every article was refused, with its reason; or the Idempotency-Key was used for another body.",
        "model": PushAnswer,
    }
    return answers
