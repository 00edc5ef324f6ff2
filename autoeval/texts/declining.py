"""Whether a text that should have been an instruction declines to be one, in whichever of many languages.

An instruction may speak of refusals, apologies and what its author cannot do; so only a short text counts that opens
with an apology and an inability, or with saying that help is not given, and that asks for nothing itself.
"""

import re

from autoeval.texts.patterns import lazy_pattern

_LONGEST = 80
"""Words up to which a text that begins like a refusal is nothing else."""
_OPENING = 220
_CANNOT = (
    r"(?:can ?not|can't|won't be able to|will not be able to|won't|will not|could not|couldn't|"
    r"shouldn't|should not|do not|don't|must not|may not|mustn't|"
    r"would not|wouldn't|(?:am|are|'m|'re|will be|'ll be) (?:currently |sadly |simply |really )?"
    r"(?:unable to|not able to|not allowed to|not permitted to|not going to|"
    r"not comfortable|not willing to|not in a position to|not programmed to|not designed to|not "
    r"trained to|not equipped to))"
)
_ACTS = (
    r"(?:help|assist|comply|fulfil|provid|answer|generat|creat|writ|rewrit|re-?phras|produc|continu|"
    r"support|complet|respond|"
    r"process|engag|discuss|do (?:that|this|so|it)\b|make (?:that|this|it|such|another)|offer|"
    r"accommodat|proceed|participat|"
    r"evolv|transform|modif|chang|turn (?:that|this|it)|carry out|work (?:on|with)|take part|go along|"
    r"shar|giv|suggest|satisf|"
    r"perform|execut|facilitat|encourag|promot|handl|be of|be part|feel|condon|advis|reveal|disclos|"
    r"fabricat|draft|reword)"
)
_ENGLISH = lazy_pattern(
    rf"^(?:(?:i'm|i am|we're|we are)(?: \w+){{0,2}} sorry|(?:so |very )?sorry|apologies|(?:my|our) "
    rf"(?:\w+ )?apologies|"
    rf"(?:i|we)(?: \w+)? apologi[sz]e|(?:un)?fortunately|regrettably|i (?:\w+ )?regret|i'm afraid|i am "
    rf"afraid|forgive me|"
    rf"pardon)\b.{{0,140}}?(?:{_CANNOT}|\bunable\b|\bnot able\b|\bnot possible\b|\bimpossible\b|\bdeclin|\brefus|"
    rf"\b(?:against|violat|outside|beyond|not something)\b)"
    rf"|^(?:[^.!?]{{0,60}}\b)?(?:i|we) ?{_CANNOT} (?:\w+ ){{0,2}}{_ACTS}"
    rf"|^(?:unable to|not able to|can't|cannot) (?:\w+ )?{_ACTS}"
    r"|^(?:i|we) (?:lack|don't have|do not have) the (?:ability|means|permission)\b|^i(?:'m| am) just "
    r"an? (?:\w+ )?(?:ai|language|model)\b"
    r"|^i (?:\w+ )?(?:have|need|am going|'m going|going) to (?:have to )?(?:pass|stop|refuse|"
    r"decline)\b|^i'm going to have to\b"
    r"|^the (?:model|assistant) (?:refuses|declines|cannot|can't)\b|^we regret\b"
    r"|\b(?:isn't|is not|not) something (?:that )?(?:i|we)\b"
    rf"|^(?:no|nope|thanks|thank you)[,.!]? (?:.{{0,40}}?(?:i|we) ?)?{_CANNOT}"
    r"|^as an? (?:\w+[ -]){0,3}?(?:ai|model|assistant|llm|chatbot)\b[^.]{0,40}, (?:i|my|it|we)\b"
    r"|\b(?:i|we) (?:must|have to|need to|respectfully|will|am going to|would|'ll|'d)? ?(?:\w+ "
    r")?(?:decline|refuse)(?:\b|d)"
    r"(?! (?:an|the|his|her|my) (?:invitation|offer|job))"
    r"|\b(?:against|violat\w*|outside|beyond|conflicts? with|contrary to|prohibited by) (?:of )?(?:my|"
    r"our|the) (?:\w+ ){0,2}"
    r"(?:programming|guidelines?|principles|polic(?:y|ies)|capabilities|scope|values|terms)\b"
    r"|^(?:this|that|the|your)(?: \w+)? (?:request|prompt|instruction|question|content|topic|task|one)s? "
    r"(?:\w+ ){0,2}?(?:cannot|can't|can not|is not|isn't|violates?|goes against|falls outside|is against|has been "
    r"(?:declined|refused|rejected|blocked))"
    r"|^(?:request|prompt|content) (?:\w+ )?(?:denied|declined|refused|rejected|blocked)"
    r"|\b(?:that's|that is|this is|it's|it is) (?:not )?something (?:that )?(?:i|we) ?(?:can|am|'m|"
    r"will|won't|do|feel)"
    r"|^i(?:'d| would) (?:rather|prefer) not\b|^i prefer not\b|\bnot comfortable (?:\w+ing|with)"
    r"|^it (?:is|would be|'s) (?:not|never|neither|in|un|highly in)[ ]?(?:appropriate|ethical|acceptable|right|legal|"
    r"appropriate) (?:for me )?to\b"
    r"|^(?:let's|can we|could we) (?:talk|discuss|speak|chat)\b.{0,20}\b(?:else|different)"
)
_ASKS = lazy_pattern(
    r"(?:please )?(?:act|analy[sz]e|argue|arrange|assess|build|calculate|classify|compare|compose|"
    r"compute|consider|convert|"
    r"create|debug|define|derive|describe|design|determine|develop|discuss|draft|edit|estimate|"
    r"evaluate|expand|explain|explore|find|"
    r"formulate|generate|give|help|identify|illustrate|improve|implement|imagine|interpret|list|make|"
    r"name|outline|plan|predict|prepare|"
    r"propose|prove|provide|rank|recommend|reply|review|rewrite|rephrase|show|simulate|solve|sort|"
    r"state|suggest|summari[sz]e|tell|"
    r"translate|turn|use|work out|write)\b"
)
_POLITE = lazy_pattern(
    r"\b(?:else|instead|other|another|different|differently|alternative|let me know|feel free|happy to|glad to|"
    r"(?:your|this|that|the) (?:question|request|prompt|instruction|query))\b"
)
_SENTENCE = lazy_pattern(r"[^.!?:]+[.!?:]*")

_EXCUSE_AND_INABILITY = {
    "de": (
        "es tut mir|tut mir|entschuldig|leider|verzeih|bedau|ich bedau",
        r"\bnicht\b|\bkeine?n?\b|außerstande|unmöglich|ablehnen",
    ),
    "fr": (
        "je suis (?:\\w+ )?désol|(?:\\w+ )?désol|je m'excuse|malheureusement|je regrette|pardon|toutes mes excuses",
        r"\bne (?:peux|puis|pouvons|pourrai|suis|saurais|souhaite|dois)|impossible|refus|pas (?:en mesure|possible)",
    ),
    "es": (
        "lo siento|lo lament|discul|perd[oó]n|lamentablemente|desafortunadamente|me temo|por desgracia|mis disculpas",
        r"\bno (?:\w+ )?(?:pued|pod|me es|soy|est|voy|debo)|imposible",
    ),
    "pt": (
        "sinto muito|desculp|lament|infelizmente|perd|me perdoe|peço desculpas",
        r"\bnão (?:\w+ )?(?:poss|pod|consig|sou|me é|é poss|est|vou)|imposs",
    ),
    "it": (
        "mi (?:dis)?piace|mi spiace|scus|purtroppo|sono (?:\\w+ )?spiacente|chiedo scusa",
        r"\bnon (?:\w+ )?(?:poss|sono|potrò|mi è|riesc|è poss)|impossibile",
    ),
    "ca": ("ho sento|em sap greu|malauradament|disculp", r"\bno (?:\w+ )?(?:puc|pod|em és|és poss)"),
    "nl": ("het spijt|sorry|helaas|(?:mijn )?excuses", r"\bniet\b|\bgeen\b|onmogelijk"),
    "sv": ("(?:jag är )?ledsen|tyvärr|förlåt|(?:jag )?beklag|ursäkta", r"\binte\b|omöjlig"),
    "da": ("(?:jeg )?beklag|undskyld|desvær|dessver|unnskyld|jeg er ked", r"\bikke\b|umulig"),
    "fi": ("valitet|anteeksi|pahoit|olen pahoil", r"\ben (?:voi|pysty|saa)|emme voi|ei ole mahd"),
    "et": ("kahjuks|vaband|palun vaband|mul on kahju", r"\bei (?:saa|ole|tohi)"),
    "lt": ("atsipraš|deja|apgailest", r"negali|nepavyk"),
    "lv": ("atvaino|diemžēl|piedod", r"nevar"),
    "pl": ("przepraszam|przykro mi|niestety|wybacz", r"\bnie (?:\w+ )?(?:mog|może|jestem|mógł|potraf|będę|da się)"),
    "cs": (
        "omlouv|je mi (?:velmi )?l[íú]to|bohu|lituj|prepáč|ospravedl|je mi ľúto|žiaľ",
        r"\bnem[oůô]|nejsem|nie som|nedok|neum|\bne(?:bud|sm|le?z)",
    ),
    "hu": ("sajnál|sajnos|elnéz|bocsán", r"\bnem\b"),
    "ro": ("îmi pare|imi pare|scuz|din păcate|ne pare|regret", r"\bnu (?:\w+ )?(?:pot|put|sunt|îmi|este)"),
    "hr": ("žao mi|nažalost|oprosti|ispričav|izvini|žal|жао ми|нажалост", r"\bne mo|nisam|\bне мо|није"),
    "tr": ("(?:çok )?üzgün|özür|maalesef|kusura", r"\w[ae]m[ae](?:m|y|z)|\w[ae]m[ıi]yor|mümkün değil"),
    "ru": (
        "извин|прост|к сожалению|сожале|мне (?:\\w+ )?жаль|прошу прощ|принош",
        r"\bне (?:\w+ )?(?:мог|мож|смо|в состоя|име|буд|способ)|невозмож",
    ),
    "uk": ("вибач|пробач|на жаль|перепро|мені (?:\\w+ )?шкода", r"\bне (?:\w+ )?(?:мож|змож|в змоз|буд)|неможлив"),
    "bg": ("съжал|за съжал|извин", r"\bне (?:\w+ )?(?:мог|мож|е възм)"),
    "el": ("λυπ|συγγν|δυστυχ|ζητώ συγγ", r"\bδεν\b|αδύνατ"),
    "ar": ("عذر|آسف|أعتذر|للأسف|المعذرة|أنا آسف|معذرة|نعتذر|أسف", "لا |غير قادر|لن |ليس|لست"),
    "fa": ("متاسف|متأسف|ببخش|پوزش|عذر", "نمی|قادر نیست"),
    "he": ("אני מצטער|מצטער|סליחה|לצערי|מתנצל|אני מתנצל", "לא |אינני|איני|אין באפשר"),
    "hi": ("क्षमा|माफ|खेद|मुझे खेद|मुझे माफ|दुर्भाग्य|सॉरी", "नहीं|असमर्थ"),
    "bn": ("দুঃখিত|ক্ষমা|আমি দুঃখিত", "না|অক্ষম|নয়"),
    "ur": ("معذرت|معاف|افسوس|مجھے افسوس", "نہیں|قاصر"),
    "id": ("(?:mohon )?maaf|sayangnya|saya (?:minta|mohon) maaf", r"\bti?da?k\b"),
    "vi": ("(?:tôi )?(?:rất )?(?:xin lỗi|tiếc)|thật tiếc|thành thật xin", r"không"),
    "th": ("ขอโทษ|ขออภัย|เสียใจ|น่าเสียดาย|ต้องขอ", "ไม่"),
    "zh": (
        "抱歉|(?:我)?(?:很|非常|真的|十分)(?:抱歉|遗憾|遺憾)|对不起|對不起|不好意思|遗憾|请原谅|請原諒|可惜",
        "无法|無法|不能|不可|不便|不会|不會|不支|不允|没法|沒法|没办法|沒辦法|不方便",
    ),
    "ja": ("申し?訳|すみません|すいません|ごめん|恐れ入|残念|恐縮|誠に|大変", "ません|できない|出来ない|かね"),
    "ko": ("죄송|미안|유감|안타깝", "없|못|불가|어렵|않"),
    "sw": ("samahani|pole|naomba radhi", r"siwez|hatuwez|haiwez"),
    "tl": ("paumanhin|pasensya|patawad|ikinalulungkot", r"\bhindi\b"),
}  # fmt: skip
_HELP_IS_NOT_GIVEN = (
    r"(?:ich|wir) (?:kann|können|darf|werde|möchte)\b.{0,60}\b(?:nicht|keine?n?)\b.{0,60}(?:helf|"
    r"beantw|erfüll|erstell|"
    r"schreib|bereitst|unterst|anbiet|nachkomm|bearbeit|formulier|behilf|ausführ|machen)",
    r"(?:das|dabei|damit) (?:kann|darf) ich\b.{0,40}\bnicht\b",
    r"je ne (?:peux|puis|pourrai|suis|saurais|souhaite)\b.{0,60}(?:aid|répon|fourn|cré|écri|satisf|"
    r"donn|accéd|trait|assist|"
    r"fair|produi|génér|formul)",
    r"no (?:puedo|podemos|podr|me es posible|soy capaz|estoy)\b.{0,40}(?:ayud|respon|proporc|crear|"
    r"escrib|cumpl|ofrec|dar|"
    r"atend|gener|asist|hac|realiz)",
    r"não (?:posso|podemos|consigo|poderei)\b.{0,40}(?:ajud|respon|fornec|cri|escrev|atend|cumpr|"
    r"ofere|ger|auxili|faz)",
    r"non (?:posso|possiamo|sono in grado|riesco)\b.{0,40}(?:aiut|rispon|forni|crea|scriv|soddisf|"
    r"gener|assist|offr|fa|esegu)",
    r"ik kan\b.{0,50}\b(?:niet|geen)\b.{0,40}(?:help|beantw|gev|schrijv|voldo|mak|bied)",
    r"я не (?:могу|смогу|буду|в состоянии)\b.{0,40}(?:помо|выполн|предост|отве|созда|пис|сдела|поддерж)",
    r"nie mogę\b.{0,40}(?:pom|odpow|napis|stworz|speł|udziel|zrob)",
    r"(?:我|这|這|该|該|很)?.{0,12}(?:无法|無法|不能|没办法|沒辦法|不便).{0,12}(?:帮|幫|协助|協助|提供|回答|完成|生成|处理|處理|满足|滿足|回应|改写|改寫|执行)",
    r"作[为為].{0,12}(?:人工智能|ai|语言模型|語言模型|助手)",
    r".{0,40}(?:答え|手伝い|対応|応じ|提供|依頼|要望|協力|作成).{0,25}(?:ません|できない|かね)",
    r".{0,40}(?:도와|도움|제공|응답|답변|작성|처리|수행).{0,20}(?:없습|못합|어렵|없어)",
    r"(?:saya )?ti?da?k (?:bisa|dapat|mampu|boleh)\b.{0,30}(?:bantu|jawab|beri|menulis|mem)",
    r"(?:tôi )?không thể.{0,30}(?:giúp|trả lời|cung cấp|viết|thực hiện|hỗ trợ|tạo)",
    r"لا (?:أستطيع|يمكنني|أقدر).{0,40}(?:مساعد|تقديم|الإجابة|كتابة|تلبية|إنشاء|القيام)",
    r"yardımcı olam|yard[ıi]m edem|bu (?:isteğ|talep).{0,30}(?:yerine getirem|karşılayam)",
)  # fmt: skip
_FOREIGN = lazy_pattern(
    "^(?:"
    + "|".join(
        f"(?:{excuse}).{{0,160}}?(?:{inability})" for excuse, inability in _EXCUSE_AND_INABILITY.values()
    )
    + "|"
    + "|".join(_HELP_IS_NOT_GIVEN)
    + ")"
)
_QUOTES = str.maketrans({"’": "'", "‘": "'", "`": "'"})


def declines(text: str) -> bool:
    """Tell whether a text is a refusal, and not an instruction."""
    plain = " ".join(text.translate(_QUOTES).lower().split())
    plain = re.sub(r"^[\W_]+", "", plain)
    if len(plain.split()) > _LONGEST:
        return False
    opening = plain[:_OPENING]
    if _FOREIGN.search(opening):
        return True
    return _ENGLISH.search(opening) is not None and not _asks_something(plain)


def _asks_something(plain: str) -> bool:
    """Whether a sentence asks for something, other than for something else."""
    sentences = [found[0].strip(" \"'") for found in _SENTENCE.finditer(plain)]
    asking = [one for one in sentences if one.endswith(("?", ":")) or _ASKS.match(one)]
    return any(not _POLITE.search(one) for one in asking)
