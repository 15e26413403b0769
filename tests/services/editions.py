"""A small module in several content versions, and answers to it."""

import random
from datetime import timedelta

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.content.parser import parse_source
from lti_alliance.domain.items import response_field
from lti_alliance.domain.modules import Module
from lti_alliance.models import Activity, Attempt, Membership
from lti_alliance.services import answering, attempt_sheets, attempts
from tests.stage import NOON, Stage

SOURCE = """---
format: "alliance-module/1"
id: "small"
title: "A small module"
version: "1.0.0"
language: "en"
license: "CC-BY-4.0"
minutes: 10
requires: []
standards: []
sources: {}
---

# Objectives

- [understand] Tell goals from tasks.

# Reading

## One screen

Goals say where to, tasks say how.

# Quiz

attempts: unlimited
keep: highest
shuffle: yes

## single: sm-01

points: 2
objective: 1

"Let us practise the phone call." What is this?

- [x] A goal
  > The author thinks so.
- [ ] A task
  > The author does not think so.
- [ ] A bond
  > No.

## short: sm-02

points: 2
objective: 1

Goals, tasks and what?

= bond

# Reflections

## reflection: sm-r1

words: 10-100

Write about a goal of yours.
"""

KEY = ("- [x] A goal", "- [ ] A goal"), ("- [ ] A task", "- [x] A task")
"""Calls the second option right instead of the first."""


def edition(*changes: tuple[str, str], version: str = "1.1.0") -> Module:
    """Return the small module with some of its text changed."""
    source = SOURCE
    for old, new in (*changes, ('version: "1.0.0"', f'version: "{version}"')):
        assert old in source
        source = source.replace(old, new)
    return parse_source(source, name="small.md")


def offering(*versions: Module) -> Catalogue:
    """Return a catalogue of the small module in these versions."""
    return Catalogue(versions or (parse_source(SOURCE, name="small.md"),))


def answer(stage: Stage, activity: Activity, student: Membership, *texts: str) -> Attempt:
    """Hand an attempt in, with an option chosen by its text and the short answer."""
    attempt = attempts.start_attempt(
        stage.session,
        stage.catalogue,
        activity=activity,
        membership=student,
        rng=random.Random(3),
        at=NOON,
    )
    module = attempt_sheets.get_sheet(stage.session, stage.catalogue, attempt).module
    options = {each.text_markdown: each.id for each in module.quiz.get_item("sm-01").options}
    chosen, written = (*texts, "bond")[:2]
    answering.submit_attempt(
        stage.session,
        stage.catalogue,
        attempt=attempt,
        fields={
            response_field("sm-01"): [options[chosen]] if chosen else [],
            response_field("sm-02"): [written],
        },
        base_version=0,
        at=NOON + timedelta(minutes=5),
    )
    return attempt
