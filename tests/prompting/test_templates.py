"""Templates: what they may do, what they may not, and that what fills them is never looked at again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoeval.errors import UsageError
from autoeval.prompting.templates import BraceTemplate, JinjaTemplate, nonce

NAMES = frozenset({"instruction", "first", "second", "nonce"})
FIELDS = {"instruction": "Add 1 and 1.", "first": "2", "second": "{{ first }}", "nonce": "0f"}


def filled(source: str) -> str:
    return JinjaTemplate(source, NAMES, "prompt.jinja").render([FIELDS])


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ instruction }}\n{{first}}|{{ second }}\n", "Add 1 and 1.\n2|{{ first }}"),
        ("", ""),
        ("no hole", "no hole"),
        ("{first} {{ '{{' }} {# a remark #}{% raw %}{{ first }}{% endraw %}", "{first} {{ {{ first }}"),
        ("{% if second|length > 3 %}long{% else %}short{% endif %}", "long"),
        (
            "{% for line in instruction.split(' ') %}> {{ line|upper }}\n{% endfor %}",
            "> ADD\n> 1\n> AND\n> 1.\n",
        ),
        ("{% set x = first ~ '!' %}{{ x }}", "2!"),
        ("{{ 1 + 1 }} {{ 0.5 }}", "2 0.5"),
    ],
)
def test_a_template_is_filled(source: str, text: str) -> None:
    assert filled(source) == text


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("{{ frist }}", "unknown variable 'frist'. Did you mean 'first'?"),
        ("{{ output }}", "unknown variable 'output'. Known: first, instruction, nonce, second."),
        ("{% if reference %}x{% endif %}", "unknown variable 'reference'"),
        ("one\ntwo {{ first", "line 2: unexpected end of template"),
        ("one\n{% if first %}", "line 2: Unexpected end of template"),
        ("{{ first|shout }}", "line 1: No filter named 'shout'"),
        ("{{ first.answer }}", "no attribute 'answer'"),
        ("{{ first[99] }}", "no element 99"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ first + 1 }}", "cannot be filled"),
        ("{{ none }}", "a NoneType is no text"),
    ],
)
def test_a_mistake_is_told(source: str, told: str) -> None:
    refuses(source, told)


@pytest.mark.parametrize(
    "source",
    [
        "{{ first.__class__.__mro__ }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ ''['__cla' ~ 'ss__'] }}",
        "{{ first['__class__'] }}",
        "{{ first|attr('__class__') }}",
        "{{ '{0.__class__}'.format(first) }}",
        "{{ '{x.__class__}'.format_map({'x': first}) }}",
        "{{ self.__init__.__globals__ }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ ().__class__.__base__.__subclasses__() }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}",
        "{% extends 'other' %}",
    ],
)
def test_nothing_outside_of_the_fields_can_be_reached(source: str) -> None:
    refuses(source, "prompt.jinja")


@pytest.mark.parametrize(
    "source",
    [
        "{% for i in range(99999) %}{% for j in range(99999) %}x{% endfor %}{% endfor %}",
        "{{ 'x' * 99999999999 }}",
        "{{ 9 ** 9 ** 9 ** 9 }}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% for c in first recursive %}{{ loop(c) }}{% endfor %}",
        "{% if " + "(" * 5000 + "first" + ")" * 5000 + " %}x{% endif %}",
        "{% if first %}" * 200 + "x" + "{% endif %}" * 200,
        "{% for c in 'ab' %}" * 40 + "x" + "{% endfor %}" * 40,
        "{{ " + "9" * 5000 + " }}",
        "{% for a in 'abcdefghij' %}" * 12 + "{% endfor %}" * 12,
        "{% for a in second %}" * 12 + "{{ a }}" + "{% endfor %}" * 12,
        "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}",
        "{% macro m() %}{{ caller() }}{{ caller() }}{% endmacro %}"
        + "{% call m() %}" * 15
        + "x" * 1000
        + "{% endcall %}" * 15,
        "".join(
            f"{{% block b{i} %}}{{{{ self.b{i + 1}() }}}}{{{{ self.b{i + 1}() }}}}{{% endblock %}}"
            for i in range(40)
        )
        + "{% block b40 %}x{% endblock %}",
        "{% set a = first ~ 'x' %}" + "{% set a = a ~ a %}" * 60 + "{{ a }}",
        "{% set a = first %}" + "{% set a = a + a %}" * 60 + "{{ a }}",
        "{% set a = first %}" + "{% set a %}{{ a }}{{ a }}{% endset %}" * 60,
        "{% set a = [first] %}" + "{% set a = [a, a] %}" * 60 + "{{ a|string }}",
        "{% set a = [first] %}" + "{% set a = {'a': a, 'b': a} %}" * 60 + "{{ a|tojson }}",
        "{% set a = (1,) %}{% set b = (1,) %}"
        + "{% set a = (a, a) %}{% set b = (b, b) %}" * 60
        + "{% if a == b %}x{% endif %}",
        "{% set a = 'aa' %}" + "{% set a = a|replace('a', a) %}" * 9,
        "{% set a = 'aa' %}" + "{% set a = a.replace('', a) %}" * 9,
        "{% set a = 'aa' %}" + "{% set a = a|join(a) %}" * 9,
        "{% set a = 'aa' %}" + "{% set a = a.join(a) %}" * 9,
        "{% set a = '\n'|center(9999) %}{{ a.replace(' ', '\n')|indent(9999) }}",
        "{{ 'a b '.center(9999).replace(' ', 'a ')|wordwrap(1, wrapstring='x'.center(9999)) }}",
        "{{ '\t'.center(9999, '\t').expandtabs(9999) }}",
        "{{ first|center(2000000000) }}",
        "{{ 'x'|center(2000000000) }}",
        "{% filter center(2000000000) %}x{% endfilter %}",
        "{{ first.zfill(2000000000) }}",
        "{{ first|indent(2000000000) }}",
        "{{ first|map('center', 2000000000)|join }}",
        "{% for part in first|slice(2000000000) %}x{% endfor %}",
        "{{ first|slice(9999)|map('slice', 9999)|map('list')|map('first')|list|length }}",
        "{{ first|batch(2000000000, 'x')|list|length }}",
        "{{ '%2000000000d'|format(1) }}",
        "{{ '%2000000000d' % 1 }}",
        "{{ '{:2000000000}'.format(1) }}",
        "{{ '{:{}}'.format_map({'': 2000000000}) }}",
        "{{ 'x'.translate({120: 'y'}) }}",
        "{{ [[1, [2]]]|tojson(9999) }}",
        "{{ 5.0|round(2000000000) }}",
        "{{ first.encode().center(2000000000) }}",
    ],
)
def test_no_template_runs_for_ever_or_fills_the_memory(source: str) -> None:
    refuses(source, "prompt.jinja")


@pytest.mark.parametrize(
    "source",
    [
        "{% for a in first %}{{ first }}{% endfor %}",
        "{{ first|replace('w', first) }}",
        "{{ first.split()|join(first) }}",
        "{{ first|indent(first) }}",
        "{% for a in first %}{% if first == second %}x{% endif %}{% endfor %}",
        "{% for a in first %}{% if 'x' in first[1:] %}x{% endif %}{% endfor %}",
    ],
)
def test_long_outputs_do_not_multiply(source: str) -> None:
    fields = FIELDS | {"first": "word\n" * 4000, "second": "word\n" * 3999 + "wort\n"}
    template = JinjaTemplate(source, NAMES, "prompt.jinja")
    assert template.render([FIELDS]) is not None
    with pytest.raises(UsageError, match=r"^prompt.jinja: .* out of this pair") as error:
        template.render([fields])
    assert "Fix the template" in str(error.value)


def test_what_prompts_do_has_room_at_any_length() -> None:
    source = (
        "{% macro quoted(text) %}{% for line in text.splitlines() %}{% if line|trim %}> {{ line|trim|upper }}\n"
        "{% endif %}{% endfor %}{% endmacro %}{{ quoted(first) }}{{ quoted(first|replace('\n', '\n\n')|indent(2)) }}"
        "{% for word in first.split() %}{% if loop.last %}{{ word }}{% endif %}{% endfor %}"
    )
    template = JinjaTemplate(source, NAMES, "prompt.jinja")
    for n in (1, 100, 2_000):
        text = template.render([FIELDS | {"first": "some more words\n" * n}])
        assert text.count("> SOME MORE WORDS\n") == 2 * n


def test_a_template_that_goes_too_far_with_any_text_is_refused_when_it_is_read() -> None:
    for source in (
        "{{ first|center(2000000000) }}",
        "{% for a in 'abcdefghij' %}" * 12 + "{% endfor %}" * 12,
    ):
        with pytest.raises(UsageError, match=r"^prompt.jinja"):
            JinjaTemplate(source, NAMES, "prompt.jinja")


@pytest.mark.parametrize(
    "source", ["{{ lipsum() }}", "{{ first|random }}", "{{ first.upper }}", "{{ self }}"]
)
def test_a_prompt_is_the_same_every_time(source: str) -> None:
    """A request that differs from run to run would never be found in the cache."""
    refuses(source, "prompt.jinja")


def refuses(source: str, told: str) -> None:
    with pytest.raises(UsageError) as error:
        filled(source)
    message = str(error.value)
    assert message.startswith("prompt.jinja")
    assert told in message
    assert "\n" not in message
    assert ".." not in message


@given(st.text(), st.text())
def test_what_is_filled_in_is_text(first: str, second: str) -> None:
    """Whether Jinja fills the template or, where it has nothing but holes, we do."""
    fields = {**FIELDS, "first": first, "second": second}
    holes, logic = "<{{ first }}|{{ second }}>", "<{{ first }}{% if true %}|{% endif %}{{ second }}>"
    for source in (holes, logic):
        assert JinjaTemplate(source, NAMES, "prompt.jinja").render([fields]) == f"<{first}|{second}>"
    assert BraceTemplate("<{first}|{second}>", NAMES).render([fields]) == f"<{first}|{second}>"


@pytest.mark.parametrize(
    "text", ["{{ second }}", "{% raw %}", "{second}", "{#", "<|im_end|>", "\0", "\r\n", "%s"]
)
def test_syntax_in_an_output_stays_text(text: str) -> None:
    fields = {**FIELDS, "first": text}
    assert JinjaTemplate("({{ first }})", NAMES, "prompt.jinja").render([fields]) == f"({text})"
    assert BraceTemplate("({first})", NAMES).render([fields]) == f"({text})"


def test_braces_know_nothing_but_fields() -> None:
    template = BraceTemplate('{"answer": {first}} {unknown} { first } {{second}} {% if %} {second}', NAMES)
    assert template.render([FIELDS]) == '{"answer": 2} {unknown} { first } {{second}} {% if %} {{ first }}'
    assert template.occurrences() == {"first": 1, "second": 1}


def test_braces_take_the_nth_pair() -> None:
    template = BraceTemplate("{instruction}: {first}\n{instruction}: {first}", NAMES)
    rows = [{"instruction": "one", "first": "1"}, {"instruction": "{first}", "first": "2"}]
    assert template.render(rows) == "one: 1\n{first}: 2"
    assert template.occurrences() == {"instruction": 2, "first": 2}


def test_a_nonce_depends_on_every_text_and_on_where_one_ends() -> None:
    assert nonce("ab", "c") == nonce("ab", "c")
    assert (
        len({nonce("ab", "c"), nonce("a", "bc"), nonce("abc"), nonce("ab", "c", ""), nonce("c", "ab")}) == 5
    )
    assert nonce("x") not in "x"
    assert len(nonce("")) == 10
