# ruff: noqa: E501 - sentences stay on one line
from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docpager.ingest.languages import detect_language

SAID = {
    "cs": "Společnost uvedla, že v loňském roce vzrostly tržby, které jsou však nižší než v roce předchozím, a to i podle plánu.",
    "da": "Selskabet har i det seneste år haft en større omsætning, og den blev efter planen brugt af alle afdelinger ud over det hele.",
    "de": "Der Vertrag ist von beiden Seiten unterschrieben und wird nach einer Frist wirksam.",
    "en": "The contract was signed by both sides and takes effect when the period of notice has ended.",
    "es": "El contrato fue firmado por las dos partes y entra en vigor cuando termina el plazo de aviso.",
    "fi": "Yhtiö on kertonut, että se ei ole tehnyt sopimusta, mutta asiasta on nyt sovittu ja myös hinta on jo tiedossa.",
    "fr": "Le contrat a été signé par les deux parties et prend effet à la fin du délai de préavis.",
    "hu": "A társaság közölte, hogy az árbevétel nem nőtt, de a nyereség már meghaladta azt, amit vártak, és ez az év még jobb.",
    "it": "Il contratto è stato firmato dalle due parti e ha effetto alla fine del termine di preavviso.",
    "nl": "Het contract is door beide partijen ondertekend en wordt van kracht op het einde van de termijn.",
    "no": "Selskapet har i det siste året hatt en større omsetning, og den ble etter planen brukt av alle avdelinger ut over det hele.",
    "pl": "Spółka podała, że w ubiegłym roku przychody nie wzrosły, ale zysk był wyższy, co jest dla niej dobre na przyszłość.",
    "pt": "O contrato foi assinado pelas duas partes e entra em vigor quando termina o prazo de aviso, não antes.",
    "ro": "Contractul a fost semnat de cele două părți și este în vigoare din ziua în care se termină un termen de preaviz.",
    "sv": "Avtalet har undertecknats av båda parter och träder i kraft när tiden för uppsägning är över, men inte förr.",
    "tr": "Şirket, geçen yıl için bir sözleşme olduğu ve bu anlaşma ile gelirin daha yüksek olarak beklendiği, ancak kesin olmadığı açıklandı.",
    "ja": "会社の売上は昨年より増えました。",
    "ko": "회사의 매출은 작년보다 늘었습니다.",
    "zh": "公司去年的收入增长了百分之十。",
    "ru": "Выручка компании выросла в прошлом году.",
    "uk": "Виручка компанії зросла, і її прибуток є більшим.",
    "el": "Τα έσοδα της εταιρείας αυξήθηκαν πέρυσι.",
    "ar": "ارتفعت إيرادات الشركة في العام الماضي.",
    "he": "הכנסות החברה עלו בשנה שעברה.",
    "hi": "कंपनी की आय पिछले साल बढ़ी।",
    "th": "รายได้ของบริษัทเพิ่มขึ้นเมื่อปีที่แล้ว",
}


@pytest.mark.parametrize(("language", "text"), SAID.items())
def test_a_sentence_or_two_tell_the_language(language: str, text: str) -> None:
    assert detect_language([text]) == language


@pytest.mark.parametrize(
    "texts",
    [
        [],
        [""],
        ["Invoice 2021-07"],
        ["1,234 5,678 9,012"],
        ["Revenue 2021 2020 Cost of sales 12 14 Gross profit 8 7"],
        [SAID["en"] + " " + SAID["de"]],
        ["import sys\nfor line in sys.stdin:\n    print(line.strip())"],
    ],
)
def test_what_is_too_short_or_too_mixed_has_no_language(texts: list[str]) -> None:
    assert detect_language(texts) is None


def test_beginning_middle_and_end_are_looked_at() -> None:
    assert detect_language(["Cover"] * 5 + [SAID["fr"] * 3] + ["1 2 3"] * 4 + ["Annex"]) == "fr"
    assert detect_language(["1,000 " * 9000 + SAID["it"] * 3]) == "it"


def test_a_quotation_does_not_make_another_language() -> None:
    assert detect_language([SAID["en"] * 5 + SAID["de"]]) == "en"
    assert detect_language([SAID["en"] * 5 + SAID["zh"]]) == "en"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=200), max_size=5))
def test_any_text_has_a_known_language_or_none(texts: list[str]) -> None:
    assert detect_language(texts) in {None, *SAID}
