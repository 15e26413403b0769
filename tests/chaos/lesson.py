"""A small module for the world: two short answers and one reflection, quick to hand in."""

from decimal import Decimal

from lti_alliance.content.parser import parse_source

RIGHT, ODD, WRONG = "harbor", "lagoon of birches", ""
"""What students write: the key, a wording that no key knows, nothing."""
POINTS = {"ch-01": Decimal(4), "ch-02": Decimal(6)}
PROMPT = "ch-r1"
CRITERION = "stance"
LEVELS = {
    0: Decimal(0),
    1: Decimal("0.60"),
    2: Decimal("0.75"),
    3: Decimal("0.90"),
    4: Decimal(1),
}
"""What a level of the rubric earns, as the guide for instructors has it."""

SOURCE = """---
format: alliance-module/1
id: chaos
title: "Chaos"
version: 1.0.0
language: en
license: CC BY 4.0
minutes: 2
requires: []
standards: []
sources:
  bordin1979: "Bordin (1979). The generalizability of the psychoanalytic concept."
---

# Objectives

- [remember] Name a place.

# Reading

## A place

Ships lie in a harbor. [@bordin1979]

# Quiz

attempts: unlimited
keep: highest
time limit: none
feedback: after submit
shuffle: no

## short: ch-01

objective: 1
points: 4
frame: evidence

Where do ships lie?

= harbor

## short: ch-02

objective: 1
points: 6
frame: evidence

And at night?

= harbor

# Reflections

## reflection: ch-r1

words: 2-60
share: instructor
grading: rubric

Write about a harbor.

| Criterion | Weight | 1 Not yet | 2 Describes | 3 Reflects | 4 Reflects critically |
|---|---|---|---|---|---|
| Stance | 1 | None | Told | Lived | Seen from two sides |
"""

MODULE = parse_source(SOURCE, name="chaos.md")
