"""All pages for people."""

from fastapi import APIRouter

from api.server.pages import artists, explorer, records, routes

router = APIRouter(include_in_schema=False)
for _module in (routes, records, artists, explorer):
    router.include_router(_module.router)
