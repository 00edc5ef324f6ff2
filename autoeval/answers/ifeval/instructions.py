"""The kinds of instructions, each a function that says whether an output follows one."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from autoeval.answers.ifeval.texts import language_of, n_capital_words, n_sentences, n_words
from autoeval.texts.patterns import lazy_pattern

Follows: TypeAlias = Callable[[str, Mapping[str, Any]], bool]
"""Whether an output follows an instruction; KeyError and TypeError where its arguments are not what it needs."""

_RELATIONS: Mapping[str, Callable[[int, int], bool]] = {
    "at least": lambda count, wanted: count >= wanted,
    "less than": lambda count, wanted: count < wanted,
}
_ANSWERS = ("My answer is yes.", "My answer is no.", "My answer is maybe.")
_BULLET = lazy_pattern(r"^\s*(?:\*(?!\*).+|-.*)$", re.MULTILINE)
_HIGHLIGHT = lazy_pattern(r"\*\*([^\n*]*)\*\*|\*([^\n*]*)\*")
_TITLE = lazy_pattern(r"<<([^\n]+)>>")
_PLACEHOLDER = lazy_pattern(r"\[.*?\]")
_FENCE = lazy_pattern(r"\A\s*```(?:json)?|```\s*\Z", re.IGNORECASE)
_PUNCTUATION = ".,?!'\""


def _count(count: int, arguments: Mapping[str, Any], wanted: str, relation: str = "relation") -> bool:
    return _RELATIONS[arguments[relation]](count, int(arguments[wanted]))


def _holds(text: str, words: str) -> bool:
    return words.lower() in text.lower()


def _holds_word(text: str, word: str) -> bool:
    return re.search(rf"\b{re.escape(word)}\b", text, re.IGNORECASE) is not None


def _has_paragraphs(text: str, arguments: Mapping[str, Any]) -> bool:
    parts = [part.strip() for part in text.split("***")]
    if not all(parts[1:-1]):
        return False
    return sum(map(bool, parts)) == int(arguments["num_paragraphs"])


def _begins_paragraph(text: str, arguments: Mapping[str, Any]) -> bool:
    parts = text.split("\n\n")
    place = int(arguments["nth_paragraph"])
    if place > len(parts) or not parts[place - 1].strip():
        return False
    word = parts[place - 1].split()[0].lstrip("\"'").lower()
    end = next((at for at, char in enumerate(word) if char in _PUNCTUATION), len(word))
    is_counted = sum(bool(part.strip()) for part in parts) == int(arguments["num_paragraphs"])
    return is_counted and word[:end] == str(arguments["first_word"]).lower()


def _has_postscript(text: str, arguments: Mapping[str, Any]) -> bool:
    marker = str(arguments["postscript_marker"])
    letters = [re.escape(letter) for letter in marker.upper().split(".") if letter.strip()]
    pattern = r"\.\s?".join(letters) + (r"\." if len(letters) == 2 else "") if letters else re.escape(marker)
    return re.search(pattern, text, re.IGNORECASE) is not None


def _n_highlights(text: str) -> int:
    return sum(bool((two or one).strip()) for two, one in _HIGHLIGHT.findall(text))


def _has_sections(text: str, arguments: Mapping[str, Any]) -> bool:
    splitter = re.escape(str(arguments["section_spliter"]))
    return len(re.findall(rf"\s?{splitter}\s?\d+\s?", text)) >= int(arguments["num_sections"])


def _is_json(text: str) -> bool:
    try:
        json.loads(_FENCE.sub("", text).strip())
    except (ValueError, RecursionError):
        return False
    return True


def _has_title(text: str) -> bool:
    return any(title.lstrip("<").rstrip(">").strip() for title in _TITLE.findall(text))


def _has_two_responses(text: str) -> bool:
    parts = [part.strip() for part in text.split("******")]
    found = [part for part in parts if part]
    return all(parts[1:-1]) and len(found) == 2 and found[0] != found[1]


def _ends_with(text: str, phrase: str) -> bool:
    return text.strip().strip('"').lower().endswith(phrase.strip().lower())


def _is_quoted(text: str) -> bool:
    text = text.strip()
    return len(text) > 1 and text[0] == text[-1] == '"'


INSTRUCTIONS: Mapping[str, Follows] = {
    "keywords:existence": lambda text, a: all(_holds(text, word) for word in a["keywords"]),
    "keywords:frequency": lambda text, a: _count(text.lower().count(a["keyword"].lower()), a, "frequency"),
    "keywords:forbidden_words": lambda text, a: (
        not any(_holds_word(text, word) for word in a["forbidden_words"])
    ),
    "keywords:letter_frequency": lambda text, a: _count(
        text.lower().count(a["letter"].lower()), a, "let_frequency", "let_relation"
    ),
    "language:response_language": lambda text, a: language_of(text) == str(a["language"]).lower(),
    "length_constraints:number_sentences": lambda text, a: _count(n_sentences(text), a, "num_sentences"),
    "length_constraints:number_paragraphs": _has_paragraphs,
    "length_constraints:number_words": lambda text, a: _count(n_words(text), a, "num_words"),
    "length_constraints:nth_paragraph_first_word": _begins_paragraph,
    "detectable_content:number_placeholders": lambda text, a: (
        len(_PLACEHOLDER.findall(text)) >= int(a["num_placeholders"])
    ),
    "detectable_content:postscript": _has_postscript,
    "detectable_format:number_bullet_lists": lambda text, a: (
        len(_BULLET.findall(text)) == int(a["num_bullets"])
    ),
    "detectable_format:constrained_response": lambda text, _: any(answer in text for answer in _ANSWERS),
    "detectable_format:number_highlighted_sections": lambda text, a: (
        _n_highlights(text) >= int(a["num_highlights"])
    ),
    "detectable_format:multiple_sections": _has_sections,
    "detectable_format:json_format": lambda text, _: _is_json(text),
    "detectable_format:title": lambda text, _: _has_title(text),
    "combination:two_responses": lambda text, _: _has_two_responses(text),
    "combination:repeat_prompt": lambda text, a: (
        text.strip().lower().startswith(str(a["prompt_to_repeat"]).strip().lower())
    ),
    "startend:end_checker": lambda text, a: _ends_with(text, a["end_phrase"]),
    "startend:quotation": lambda text, _: _is_quoted(text),
    "change_case:capital_word_frequency": lambda text, a: _count(
        n_capital_words(text), a, "capital_frequency", "capital_relation"
    ),
    "change_case:english_capital": lambda text, _: text.isupper() and language_of(text) == "en",
    "change_case:english_lowercase": lambda text, _: text.islower() and language_of(text) == "en",
    "punctuation:no_comma": lambda text, _: "," not in text,
}
"""By the id that an eval set names it with."""
