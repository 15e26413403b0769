"""What a pre-fork server does with the application before it forks, and in each child.

A child shares the pages of memory that neither side writes to, so what every child would load by
its first requests is loaded once, by the parent.
"""

import gc

from flask import Flask
from sqlalchemy.orm import configure_mappers

from lti_alliance.models import db
from lti_alliance.web import languages


def load_ahead(app: Flask) -> None:
    """Load what the first requests would load: mappers, routes, templates, languages.

    Answers no request and opens no connection. What lives now is taken out of the reach of the
    garbage collector, whose looks would write to every shared page.
    """
    configure_mappers()
    app.url_map.update()
    for name in app.jinja_env.list_templates():
        app.jinja_env.get_template(name)
    with app.app_context():
        languages.load_catalogues()
    gc.collect()
    gc.freeze()


def begin_child(app: Flask) -> None:
    """Let a child forget its parent's connections: two processes must not speak on one.

    The parent's own stay open; it may still be using them.
    """
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose(close=False)
