#!/bin/sh
# Run once by the image of PostgreSQL: a role that is no superuser, or row-level security would not bind it.
set -eu
psql --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" --set=password="$TRACKMARK_DATABASE_PASSWORD" <<'SQL'
CREATE ROLE trackmark LOGIN PASSWORD :'password';
CREATE DATABASE trackmark OWNER trackmark;
SQL
