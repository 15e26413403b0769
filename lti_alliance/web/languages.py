"""The language of a page: which ones there are, which one a reader gets, and what it says.

A translation is one `messages.po` below `lti_alliance/translations`. It is read as it was written
when somebody first asks for its language, so that nothing has to be compiled before (ADR 0022).
"""

import re
from collections.abc import Sequence
from functools import cache, cached_property
from io import BytesIO
from pathlib import Path

from babel import Locale, localedata
from babel.core import UnknownLocaleError, get_locale_identifier
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, current_app, has_request_context, request
from flask_babel import Babel, Domain, get_locale

from lti_alliance.web import access

TRANSLATIONS = Path(__file__).resolve().parent.parent / "translations"
CATALOGUE = Path("LC_MESSAGES", "messages.po")
SOURCE_LANGUAGE = "en"

_TAG = re.compile(r"([A-Za-z]{2,3})(?:[-_][A-Za-z]{4})?(?:[-_]([A-Za-z]{2}))?(?:[-_.@].*)?")


class _Catalogues(Domain):  # type: ignore[misc]
    """Finds the sentences of a language in its catalogue, whatever the reader's country."""

    def get_translations(self) -> NullTranslations:
        """Return the sentences of the language of this request."""
        locale = get_locale()
        if locale is None or locale.language == SOURCE_LANGUAGE:
            return _nothing()
        return catalogue(_folder(), locale.language)


class _Languages(Babel):  # type: ignore[misc]
    @cached_property
    def domain_instance(self) -> Domain:
        """The sentences of every page."""
        return _Catalogues()


languages = _Languages()


def register(app: Flask) -> None:
    """Give every request a language."""
    app.config.setdefault("BABEL_TRANSLATION_DIRECTORIES", str(TRANSLATIONS))
    languages.init_app(app, locale_selector=choose_locale)
    app.add_template_global(page_language, "page_language")
    app.add_template_global(page_direction, "page_direction")


def choose_locale() -> str:
    """Return the language of the launch, else what the browser prefers, else English.

    The country is kept where it is known, since it decides how numbers and dates are written.
    """
    if not has_request_context():
        return SOURCE_LANGUAGE
    visit = access.find_current()
    wished = [visit.launch.locale] if visit and visit.launch.locale else []
    wished += [language for language, _ in request.accept_languages]
    return _first_spoken(wished, spoken(_folder())) or SOURCE_LANGUAGE


def page_language() -> str:
    """Name the language of the page as HTML wants it."""
    return str(get_locale() or SOURCE_LANGUAGE).replace("_", "-")


def page_direction() -> str:
    """Say from which side the page is read: `ltr` or `rtl`."""
    locale = get_locale()
    return str(locale.text_direction) if locale else "ltr"


@cache
def spoken(folder: Path) -> frozenset[str]:
    """Return the languages that a folder of translations has, and English."""
    found = (path.parents[1].name for path in folder.glob(f"*/{CATALOGUE}"))
    return frozenset({SOURCE_LANGUAGE, *found})


def load_catalogues() -> None:
    """Read every catalogue and how its language writes numbers and dates, ahead of use."""
    for language in spoken(_folder()):
        localedata.load(language)
        if language != SOURCE_LANGUAGE:
            catalogue(_folder(), language)


@cache
def catalogue(folder: Path, language: str) -> Translations:
    """Read the catalogue of a language; doubtful and missing sentences stay English."""
    with (folder / language / CATALOGUE).open("rb") as file:
        written = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, written)
    compiled.seek(0)
    return Translations(compiled)


@cache
def _nothing() -> NullTranslations:
    return NullTranslations()


def _folder() -> Path:
    return Path(current_app.extensions["babel"].translation_directories[0])


def _first_spoken(wished: Sequence[str], known: frozenset[str]) -> str:
    for wish in wished:
        if found := _TAG.fullmatch(wish):
            language, country = found[1].lower(), (found[2] or "").upper()
            if language in known:
                named = get_locale_identifier((language, country or None))
                return named if _is_locale(named) else language
    return ""


def _is_locale(name: str) -> bool:
    try:
        Locale.parse(name)
    except (ValueError, UnknownLocaleError):
        return False
    return True
