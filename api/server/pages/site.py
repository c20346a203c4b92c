"""All pages for people."""

from fastapi import APIRouter

from api.server.pages import (
    artists,
    bulk,
    cases,
    comparisons,
    explorer,
    notices,
    records,
    routes,
    settings,
    tables,
    webhooks,
)

router = APIRouter(include_in_schema=False)
for _module in (
    bulk,
    routes,
    records,
    artists,
    cases,
    comparisons,
    notices,
    webhooks,
    settings,
    tables,
    explorer,
):
    router.include_router(_module.router)
