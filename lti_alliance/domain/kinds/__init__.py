"""The kinds of quiz item: each a module with its item, its response, and how one judges the other.

A kind is an ``ItemBase`` with ``read``, ``judge`` and ``content``, and a response with ``to_json``.
``domain.items`` lists them all; ``domain.feedback`` says what may be shown of each.
"""
