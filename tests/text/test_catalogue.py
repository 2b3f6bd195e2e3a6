"""The catalogues do not lag: every text of the program is in them, translated in full."""

from __future__ import annotations

import pytest
from babel.messages import Catalog

from tools import catalogue
from watcher.language import Language, path_of

OTHERS = [each for each in Language if each is not Language.ENGLISH]


@pytest.mark.parametrize("language", OTHERS)
def test_each_is_as_it_would_be_written(language: Language) -> None:
    """Texts that are new, changed or gone: `make texts` writes them, and says what to translate."""
    written = catalogue.as_file(catalogue.updated(language))
    assert path_of(language).read_bytes() == written


@pytest.mark.parametrize("language", OTHERS)
def test_each_is_translated_in_full(language: Language) -> None:
    """With the fields that the text has, and nothing that a program guessed."""
    found = catalogue.read(path_of(language))
    assert catalogue.untranslated(found) == []
    assert catalogue.unlike(found) == []
    assert [message.id for message in found if message.id and message.fuzzy] == []


def test_a_catalogue_that_lags_is_found() -> None:
    """Else it would prove nothing."""
    found = Catalog()
    found.add("{count} of {all}", "{count}")
    found.add("nobody translated it", "")
    found.add("a guess", "猜", flags=["fuzzy"])
    assert catalogue.unlike(found) == ["{count} of {all}"]
    assert catalogue.untranslated(found) == ["nobody translated it", "a guess"]
