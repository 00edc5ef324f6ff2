"""What judges call a verdict, and its opposite, in the languages that they are asked in."""

import re
from functools import cache

from autoeval.texts.patterns import lazy_pattern

# In each table, by lines: English; German, Dutch; Romance; Slavic; Greek, Turkish, Indonesian, Vietnamese; Arabic,
# Persian, Hebrew, Hindi; Chinese; Japanese, Korean.
_BETTER = """
better best winner winners winning wins won victor champion preferred preferable prefer preference chosen choice
selected
selection pick picked verdict decision judgment judgement conclusion superior stronger strongest favored favoured
accepted
recommended recommendation top vote
besser bessere besserer besseres beste bester bestes gewinner gewinnt sieger bevorzugt bevorzugte überlegen urteil
entscheidung wahl beter winnaar wint voorkeur keuze oordeel
meilleur meilleure gagnant gagnante vainqueur préféré préférée préférence choix supérieur supérieure
migliore vincitore vincitrice preferito preferita preferenza scelta superiore mejor ganador ganadora preferido
preferida
preferencia elección veredicto vencedor vencedora melhor preferência escolha bun bună câștigător câștigătorul
lepszy lepsza lepsze najlepszy najlepsza zwycięzca wybór werdykt lepší nejlepší vítěz volba
лучше лучший лучшая лучшее победитель победил победила выбор вердикт предпочтение кращий краща краще найкращий
переможець вибір
καλύτερο καλύτερη καλύτερος νικητής επιλογή iyi kazanan tercih üstün baik terbaik pemenang unggul pilihan tốt thắng
أفضل الأفضل فائز الفائز الفائزة المفضل الاختيار الحكم بهتر بهترین برنده انتخاب טוב הטוב מנצח המנצח מנצחת מועדף
बेहतर बेहतरीन विजेता पसंद सर्वश्रेष्ठ
更好 较好 較好 更佳 较佳 較佳 更优 更優 较优 最好 最佳 最优 最優 胜者 勝者 胜出 勝出 获胜 獲勝 赢家 贏家 胜方 勝方
优胜 優勝 首选 首選 偏好 选择 選擇
结论 結論 判定 良い 優れている 優れた 優秀 優勢 ベスト 選択 勝ち 나은 좋은 우수한 승자 승리 우승 최고 최선 선호
선택 판정 결론
"""
_WORSE = """
worse worst loser losers losing loses lost rejected reject dispreferred inferior weaker weakest runner defeated
beaten
poorer poorest
schlechter schlechtere schlechterer schlechteres schlechteste schlechtester schwächer schwächere verlierer
unterlegen
unterlegene unterliegt verliert verloren mangelhaft slechter slechtere slechtste verliezer verliest zwakker
pire perdant perdante perd perdu inférieur inférieure
peggio peggiore perdente perde sconfitto peor perdedor perdedora pierde pierda perdió perdido pior perdeu
slab prost perdantul pierzător
gorszy gorsza gorsze najgorszy przegrany przegrana przegrał przegrywa horší nejhorší poražený prohrál prohrává
хуже худший худшая худшее худшего слабее проигравший проиграл проиграла проигрывает проигрыш проигрыша гірше
гірший гірша
найгірший переможений програв програє
χειρότερο χειρότερη χειρότερος ηττημένος χάνει kötü kaybeden kaybeder buruk terburuk kalah pecundang lemah tệ kém
thua
أسوأ الأسوأ خاسر الخاسر الخاسرة أضعف الأضعف خسر يخسر خسارة بدتر بدترین بازنده גרוע הגרוע מפסיד המפסיד חלש बदतर
खराब हारने पराजित
更差 较差 較差 最差 更糟 最糟 差劲 败者 敗者 败方 敗方 落败 落敗 失败 失敗 输家 輸家 输方 輸方 输者 输了 輸了 输的
较弱 較弱 逊色 遜色 不如
劣る 劣って 劣った 悪い 最悪 負け 나쁜 나쁘 못한 패자 패배 졌다 열등 최악 부족 떨어지 뒤처
"""
_TIE = """
tie tied draw equal equally
unentschieden gleichstand gleich gelijk gelijkspel
égalité égal pareggio parità pari empate empatados egalitate
remis remíza ничья равны нічия
ισοπαλία beraberlik berabere seri imbang seimbang hòa
تعادل متعادل مساوی برابر תיקו बराबरी
平局 平手 打平 持平 引き分け 同点 互角 무승부 동점 비김
"""
_SCORE = """
score scores rating ratings grade grades points mark marks probability probabilities
punkte punktzahl gesamtpunktzahl bewertung gesamtbewertung note gesamtnote wertung wahrscheinlichkeit cijfer
beoordeling
notes évaluation notation probabilité punteggio voto nota notas puntuación puntaje calificación puntos pontuação
pontos punctaj scor
wynik ocena punkty skóre hodnocení známka оценка оценки балл баллы баллов рейтинг оцінка бал бали
βαθμός βαθμολογία puan skor değerlendirme nilai skor điểm
الدرجة درجة التقييم تقييم النقاط امتیاز نمره ציון अंक स्कोर
得分 评分 評分 分数 分數 总分 總分 打分 点数 評点 得点 スコア 評価 採点 점수 평점 총점
"""
_RANK = """
rank ranks ranking rankings place places
rang ränge rangfolge platz platzierung rangschikking plaats
classement position classifica posizione clasificación puesto posición classificação posição clasament loc
miejsce pořadí ранг место місце
κατάταξη sıralama sıra peringkat hạng
ترتيب الترتيب المركز رتبه דירוג मक़ाम रैंक स्थान
排名 排序 名次 顺序 順序 順位 ランキング ランク 순위 순서 등수
"""
_WHOLE = """
final overall result results total corrected revised actual updated adjusted
endgültig endgültige gesamt gesamte insgesamt ergebnis korrigiert eindelijk totaal resultaat
finale global globale résultat totale complessivo risultato resultado general geral
końcowy celkový výsledek итог итоговый итоговая общий общая результат підсумок загальний
τελικό αποτέλεσμα sonuç genel toplam hasil akhir keseluruhan tổng
النهائي النهائية النتيجة الكلي الإجمالي نهایی نتیجه סופי תוצאה अंतिम कुल परिणाम
最终 最終 最后 总 總 总体 總體 整体 整體 综合 綜合 结果 結果 総合 全体 최종 전체 종합 결과
"""
_NAME = """
output outputs response responses answer answers assistant assistants model models option options candidate
candidates label
name id
ausgabe antwort modell assistent kandidat uitvoer antwoord
réponse modèle sortie risposta modello respuesta modelo resposta răspuns
odpowiedź odpověď ответ модель відповідь
απάντηση yanıt cevap jawaban
الإجابة إجابة النموذج الرد پاسخ مدل תשובה מודל उत्तर मॉडल
回答 回复 回覆 答案 输出 輸出 模型 助手 选项 選項 出力 モデル アシスタント 응답 답변 대답 모델
"""
_FILLER = """
is are the of one to up evaluation comparison summary good more most
der die das den ist von de het van meer plus le la les du est più il lo più más el los es mais cel mai
daha en lebih hơn nhất
یک יותר सबसे वाला
是 的 为 為 者 方 の は が より 더 은 는 이 가 의
"""
_NOT = """
not never nor neither cannot no
nicht kein keine keinen nie niemals weder noch niet geen nooit
pas jamais ni aucun aucune non né nessuno niciodată nunca jamás ninguno ninguna não nem nenhum nenhuma
nigdy ani żaden nikdy не нет ни никогда ні ніколи
δεν όχι ποτέ değil asla hayır tidak bukan không chẳng
ليس ليست لا لن لم غير نه نیست نمی לא אינו אינה אין नहीं
"""
_WRONG = """
wrong incorrect false untrue
falsch unzutreffend onjuist
faux incorrecte sbagliato falso errato incorrecto errado incorreto greșit
błędne nieprawda špatně chybně неверно неправильно ошибочно неправда невірно
λάθος yanlış salah keliru sai
خطأ خاطئ غلط نادرست שגוי गलत
错误 錯誤 误 誤り 間違い 틀림 오답
"""
_YES = "yes true ja oui vrai sì sí sim da tak ano да так ναι evet ya có نعم بله כן हाँ 是 对 はい 예 네"
_NO = "no false nein nee non faux não nie ne нет ні όχι hayır tidak không لا خیر לא नहीं 否 不是 いいえ 아니오 아니요"

_MARK = "\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0900-\u0903\u093a-\u094f"
WORD = lazy_pattern(rf"[^\W\d_][\w{_MARK}]*(?:['’]\w+)?|\d+")
"""A word of a text, with the marks that some scripts write their vowels with."""
_SIGN = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.casefold().split())


BETTER, WORSE, TIE, SCORE, RANK = map(_listed, (_BETTER, _WORSE, _TIE, _SCORE, _RANK))
WHOLE, NAME, FILLER, NOT, WRONG = map(_listed, (_WHOLE, _NAME, _FILLER, _NOT, _WRONG))
TRUTHS = {**dict.fromkeys(_listed(_YES), True), **dict.fromkeys(_listed(_NO), False)}
"""What stands for true and false, in small letters."""


def pattern_of(*tables: frozenset[str]) -> str:
    """Return a pattern that finds the words of tables, of languages with spaces as whole words."""
    others = unspaced(*tables)
    spaced = "|".join(sorted(word for word in frozenset().union(*tables) if not _is_unspaced(word)))
    return rf"(?:\b(?:{spaced})\b|{others})" if others else rf"\b(?:{spaced})\b"


def unspaced(*tables: frozenset[str]) -> str:
    """Return a pattern that finds the words of tables, of languages without spaces; the longest at a place."""
    found = (word for word in frozenset().union(*tables) if _is_unspaced(word))
    return "|".join(sorted(found, key=lambda word: (-len(word), word)))


def _is_unspaced(word: str) -> bool:
    return any(sign >= "\u3040" for sign in word)


def words_of(name: str) -> list[str]:
    """Return the words of a field's name, in small letters: `scoreA`, `a_score` and `A得分` are two words each.

    What stands without spaces is parted into the words that are known, and the signs between them.
    """
    parts = WORD.findall(_edges().sub(" ", name).casefold())
    return [word for part in parts for word in (_pieces().findall(part) if _is_unspaced(part) else [part])]


@cache
def _edges() -> re.Pattern[str]:
    letter = "A-Za-z\u00c0-\u024f"  # Latin
    return re.compile(
        rf"_|(?<=[^\W\d_A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=\D)(?=\d)"
        rf"|(?<=[{letter}])(?=[{_SIGN}])|(?<=[{_SIGN}])(?=[{letter}])"
    )


@cache
def _pieces() -> re.Pattern[str]:
    return re.compile(unspaced(BETTER, WORSE, TIE, SCORE, RANK, WHOLE, NAME, FILLER) + "|.")
