"""All pages for people."""

from fastapi import APIRouter, Depends

from api.server.pages import (
    artist_table,
    artists,
    bulk,
    cases,
    comparisons,
    explorer,
    exports,
    governing_tables,
    holds,
    language,
    members,
    notices,
    policies,
    policy_steps,
    records,
    retention,
    routes,
    settings,
    signing,
    tables,
    tenants,
    webhooks,
)

router = APIRouter(include_in_schema=False, dependencies=[Depends(language.spoken_in)])
for _module in (
    governing_tables,
    artist_table,
    bulk,
    routes,
    records,
    artists,
    cases,
    comparisons,
    notices,
    policy_steps,
    policies,
    webhooks,
    settings,
    members,
    retention,
    holds,
    exports,
    tenants,
    signing,
    tables,
    explorer,
    language,
):
    router.include_router(_module.router)
