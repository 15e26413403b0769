"""Judging and deciding, with the standard library alone: no clock, no database, no Flask."""
