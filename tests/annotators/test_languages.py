"""What judges say in other languages than English speaks against a verdict as English does, and for it."""

import json
from dataclasses import dataclass

import pytest

from tests.annotators.parsing import made, parser, reading


@dataclass(frozen=True)
class Words:
    """How a language calls the two outputs, a score, and how it denies."""

    winner: str
    loser: str
    score: str
    denied: str


LANGUAGES = {
    "Arabic": Words("الفائز", "الخاسر", "الدرجة", "ليس {}"),
    "Chinese": Words("最终获胜者", "较差的回答", "总评分", "我不会选{}"),
    "Czech": Words("vítěz", "poražený", "hodnocení", "ne tak {} nikdy {}"),
    "Dutch": Words("winnaar", "verliezer", "cijfer", "niet {}"),
    "French": Words("gagnant", "perdant", "note globale", "je ne dirais pas {}"),
    "German": Words("Gewinner", "Verlierer", "Gesamtnote", "nicht {}"),
    "Greek": Words("νικητής", "ηττημένος", "βαθμολογία", "δεν είναι {}"),
    "Hebrew": Words("המנצח", "המפסיד", "ציון", "לא {}"),
    "Hindi": Words("विजेता", "पराजित", "स्कोर", "{} नहीं"),
    "Indonesian": Words("pemenang", "kalah", "nilai", "bukan {}"),
    "Italian": Words("vincitore", "perdente", "punteggio", "non è {}"),
    "Japanese": Words("勝者", "劣る回答", "スコア", "{}ではありません"),
    "Korean": Words("승자", "패자", "점수", "{}가 아닙니다"),
    "Persian": Words("برنده", "بازنده", "امتیاز", "{} نیست"),
    "Polish": Words("zwycięzca", "przegrany", "ocena", "nie {}"),
    "Portuguese": Words("vencedor", "perdedor", "pontuação final", "não é {}"),
    "Romanian": Words("câștigător", "pierzător", "punctaj", "niciodată {}"),
    "Russian": Words("победитель", "проигравший", "оценка", "{} — неверно"),
    "Spanish": Words("ganador", "peor respuesta", "puntuación", "nunca {}"),
    "Turkish": Words("kazanan", "kaybeden", "puan", "{} değil"),
    "Ukrainian": Words("переможець", "переможений", "оцінка", "ніколи {}"),
    "Vietnamese": Words("thắng", "thua", "điểm", "không phải {}"),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_fields_in_another_language_are_held_against_a_verdict(language: str) -> None:
    words, judge = LANGUAGES[language], parser("json", field="better")
    for torn in (
        {"better": "a", words.winner: "b"},
        {"better": "a", words.loser: "a"},
        {"better": "a", words.score: {"a": 3, "b": 8}},
        {"better": "a", f"{words.score} A": 3, f"B_{words.score}": "8"},
    ):
        assert "contradict" in str(reading(judge, json.dumps(torn, ensure_ascii=False))), torn
    same = {"better": "a", words.winner: "a", words.loser: "b", words.score: {"a": 8, "b": 3}}
    assert reading(judge, json.dumps(same, ensure_ascii=False)) == 1.0
    grade = made("grade", field="score")
    assert "contradict" in str(reading(grade, json.dumps({"score": 8, words.score: 3})))


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_loses_is_not_chosen(language: str) -> None:
    words = LANGUAGES[language]
    choice, ranking, tag = parser("choice"), parser("ranking"), words.loser.replace(" ", "_")
    assert reading(choice, f"{words.winner}: a\n{words.loser}: b") == 1.0
    for loser in (f"{words.loser}: a", f"**{words.loser}**:\n\na", f"<{tag}>a</{tag}>"):
        assert isinstance(reading(choice, loser), str), loser
    for loser in (f"{words.loser}:\na", f"{words.loser}: a > b", json.dumps({words.loser: ["a", "b"]})):
        assert isinstance(reading(ranking, loser), str), loser


@pytest.mark.parametrize("language", LANGUAGES)
def test_scores_and_probabilities_are_read_with_what_they_are_called(language: str) -> None:
    words = LANGUAGES[language]
    assert reading(made("grade"), f"**{words.score}**: 8/10") == 8.0
    assert "contradict" in str(reading(made("grade"), f"[[8]]\n{words.score}: 6"))
    assert "contradict" in str(reading(parser("scores"), f"a: 3\nb: 8\n{words.winner}: a"))
    assert isinstance(reading(parser("probability"), f"a, {words.loser}: 73%"), str)
    assert reading(parser("probability"), f"{words.winner}, a: 73%") == pytest.approx(1.27)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_denied_in_another_language_is_no_verdict(language: str) -> None:
    denied = LANGUAGES[language].denied
    marked = parser("regex", first=r"\[\[A\]\]", second=r"\[\[B\]\]")
    for judge, mark in ((marked, "[[A]]"), (made("verdicts"), "[[A>B]]"), (made("grade"), "[[8]]")):
        assert isinstance(reading(judge, denied.replace("{}", mark)), str), denied


def test_better_than_an_output_is_no_choice_of_it() -> None:
    for than in ("「{}」より良い", "「{}」よりも優れている", '"{}"보다 낫다', "另一个比「{}」好"):
        assert isinstance(reading(parser("choice"), than.replace("{}", "a")), str), than
    assert reading(parser("choice"), "「a」の方がより良い") == 1.0


@pytest.mark.parametrize(
    "said",
    [
        "两个回答不分上下，差不多，不过 {}",
        "这个回答非常好 {}",
        "Cel mai bun: {}",
        "Le résultat, sans aucun doute : {}",
        "とても良い。{}",
        "두 답변 모두 좋지만 {}",
        "الحكم النهائي: {}",
        "最终结论：{}",
    ],
)
def test_what_only_sounds_like_a_denial_costs_no_verdict(said: str) -> None:
    marked = parser("regex", first=r"\[\[A\]\]", second=r"\[\[B\]\]")
    assert reading(marked, said.replace("{}", "[[B]]")) == 2.0
    assert reading(made("grade"), said.replace("{}", "[[8]]")) == 8.0
