"""Postgres and Redis in one place: tables, queries, units of work. Rows never leave; frozen values do."""
