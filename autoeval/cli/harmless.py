"""Texts of files and servers, made harmless for a terminal."""

from autoeval.texts.patterns import lazy_pattern

_CONTROLS = lazy_pattern(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def harmless(text: str) -> str:
    """Return a text with a space for each control character but tab and line break: such as ESC drive terminals."""
    return _CONTROLS.sub(" ", text)
