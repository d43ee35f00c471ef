"""How text is cut into words, by the languages an archive holds."""

import pytest

from docpager.archive.full_text import STEMMED, differs, full_text_config
from docpager.records import (
    Document,
    DocumentStatus,
    IngestedDocument,
    LastAction,
    PaperPage,
    Segment,
    SegmentKind,
    hex_id,
    sha256_hex,
)
from docpager.wiring import open_archive, open_archive_for_writing

TEXTS = {
    "en": ["The contracts were signed by the board.", "Prices of natural gas rose.", "Ships enter the harbour."],
    "de": ["Die Verträge wurden unterzeichnet.", "Die Preise für Erdgas stiegen.", "Bäume tragen Früchte."],
    "zh": ["合同由董事会成员签署。", "冬季天然气价格明显上涨。", "退潮时船舶不能进入港口。"],
    "ja": ["契約書は署名されました。", "冬に天然ガスの価格が上昇しました。", "干潮時には船は港に入れません。"],
}


def ingested(language: str | None, number: int, text: str) -> IngestedDocument:
    doc_id = hex_id(str(language), number)
    segment = Segment(
        hex_id(doc_id, text), doc_id, 0, 1, 0, len(text), SegmentKind.TEXT, text, sha256_hex(text), search_text=text
    )
    document = Document(
        doc_id, f"{language}/{number}.txt", DocumentStatus.INDEXED, LastAction.ADDED, language=language, segment_count=1
    )
    return IngestedDocument(document, (PaperPage(doc_id, 1, text, sha256_hex(text)),), (segment,))


def write(uri: str, *languages: str) -> None:
    with open_archive_for_writing(uri, embedder="none") as writer:
        writer.write([ingested(language, n, text) for language in languages for n, text in enumerate(TEXTS[language])])
        writer.finish()


def first(uri: str, query: str) -> str | None:
    hits = open_archive(uri).search(query, limit=1)
    return hits[0].segment.text if hits else None


@pytest.mark.parametrize(
    ("languages", "query", "found"),
    [
        (["en"], "signing a contract", TEXTS["en"][0]),
        (["de"], "unterzeichnete den Vertrag", TEXTS["de"][0]),
        (["de"], "Baum Frucht", TEXTS["de"][2]),
        (["zh"], "天然气的价格", TEXTS["zh"][1]),
        (["ja"], "天然ガスの価格", TEXTS["ja"][1]),
        (["en", "zh"], "船舶进入港口", TEXTS["zh"][2]),
        (["en", "zh"], "a ship entering", TEXTS["en"][2]),
    ],
)
def test_words_are_found_in_other_forms_and_without_blanks(tmp_path, languages, query, found):
    uri = str(tmp_path / "a.lancedb")
    write(uri, *languages)
    assert first(uri, query) == found


def test_index_is_made_anew_when_another_script_comes(tmp_path):
    uri = str(tmp_path / "a.lancedb")
    write(uri, "en")
    write(uri, "ja")
    assert first(uri, "船が港に入る") == TEXTS["ja"][2]
    assert first(uri, "signing a contract") == TEXTS["en"][0]


@pytest.mark.parametrize(
    ("languages", "language", "tokenizer"),
    [
        ({}, "English", "simple"),
        ({"en": 5}, "English", "simple"),
        ({"pl": 9}, "English", "simple"),
        ({"de": 9, "en": 4}, "German", "simple"),
        ({"de": 9, "en": 5}, "English", "simple"),
        ({"de": 1}, "German", "simple"),
        ({"fr": 2, "zh": 1}, "French", "icu/split"),
        ({"ru": 8}, "Russian", "simple"),
    ],
)
def test_language_with_most_text_is_stemmed(languages, language, tokenizer):
    config = full_text_config(languages)
    assert (config.language, config.base_tokenizer, config.stem, config.with_position) == (
        language,
        tokenizer,
        True,
        True,
    )


@pytest.mark.parametrize("language", sorted(STEMMED.values()))
def test_lance_can_stem_each_language(tmp_path, language):
    import lancedb

    table = lancedb.connect(tmp_path).create_table("t", [{"search_text": "a b"}])
    code = next(code for code, name in STEMMED.items() if name == language)
    config = full_text_config({code: 9})
    table.create_index("search_text", config=config)
    present = table.list_indices()[0].index_details
    assert present["language"] == language
    assert not differs(full_text_config({code: 9}, present), present)
    assert differs(full_text_config({code: 9, "zh": 1}, present), present)


def test_index_stays_until_another_language_has_twice_its_text():
    present = {"language": "German", "base_tokenizer": "icu/split", "with_position": True}
    assert not differs(full_text_config({"de": 5, "en": 9}, present), present)
    assert full_text_config({"de": 5, "en": 10}, present).language == "English"
    assert differs(full_text_config({}, {**present, "with_position": False}), {**present, "with_position": False})
