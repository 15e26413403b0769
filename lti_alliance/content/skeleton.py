"""The source with which a new module begins: whole, without a fault, and short."""

SKELETON = """---
format: alliance-module/1
id: my-module
title: "My module"
version: 1.0.0
language: en
license: CC BY 4.0
minutes: 15
requires: []
standards: []
sources: {}
---

# Objectives

- [understand] Say what students will be able to do.

# Reading

## The first screen

Write here what students read.

# Quiz

## single: my-01

Write the question here.

- [x] The right answer
  > Say why it is right.
- [ ] A wrong answer
  > Say why it tempts.
"""
