"""The language a text is written in, told by its script and its commonest words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

SAMPLED = 12_000
"""So many characters of a document are looked at, from its beginning, middle and end."""
LEAST_VOTES = 5
LEAST_SHARE = 0.08
"""Of the words looked at, so many are the language's commonest ones: of running text they are a third."""
LEAD = 1.08
"""So many times the votes of the next language, and one vote more: Danish and Norwegian share most of theirs."""
SCRIPT_SHARE = 0.3

_WORDS = {
    "cs": "a se na je že v o k za do pro jsou jako jeho být ale podle také který která které však nebo až tak od",
    "da": """og i at det er en til af på der den med for ikke de et har som var fra om kan blev men eller efter også
    hvor være ud op mellem hvad""",
    "de": """der die das und ist nicht von zu den mit sich des auf für im dem ein eine als auch es an werden aus er
    hat dass sie nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor
    zur bis""",
    "en": """the of and to in a is that for it as was with be by on not he his but at are this have from or had an
    they which you were her all she there would their we him been has when who will no if its more our""",
    "es": """de la que el en y los del se las por un para con no una su al lo como más pero sus le ya este sí porque
    esta entre cuando muy sin sobre también me hasta hay donde quien desde todo nos durante fue son""",
    "fi": """ja on ei se että oli hän joka mutta sen ovat kun niin myös tai ole jos hänen sitä kuin olla sekä mukaan
    jo nyt""",
    "fr": """de la le et les des en un une du que est dans qui par pour au sur pas plus ne ce se avec il sont aux son
    cette ou ses comme mais leur été nous elle ces deux tout on ont être sa aussi vous je lui""",
    "hu": """a az és hogy nem is egy volt meg ez azt mint csak már de vagy ha még el szerint kell között után lehet
    minden""",
    "it": """di e il la che in un a per è una con non sono del si da come le dei nel al più della anche dalla ha ma
    lo gli alla delle essere questo su i o nella suo tra cui degli loro stato era""",
    "nl": """de het een van en in is dat op te zijn met voor niet die aan er om was ook als door maar bij uit naar
    dan of worden zich heeft deze over hij werd nog wordt tot hebben kan meer al geen""",
    "no": """og i det er en til av på som for med at de ikke et har den var fra om kan ble men eller etter også hvor
    seg være ut opp mellom hva""",
    "pl": """i w na z się do nie że jest to o jak po za od przez co dla jego oraz był tego ale są być może która
    które lub""",
    "pt": """de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem à
    seu sua ou ser quando muito há nos já está eu também só pelo pela até isso são""",
    "ro": """de și în a la cu o pe care nu este din că un pentru sau fi mai au fost se sunt prin ca după lui ale
    acest dar""",
    "sv": """och i att det som en på är av för med till den har de inte om ett var men jag sig från vi så kan eller
    vid ska""",
    "tr": """ve bir bu da de için ile olarak çok daha olan gibi en ne kadar sonra ama ancak her değil veya göre ise
    olduğu""",
}
_LANGUAGES_OF_WORD: dict[str, list[str]] = {}
for _language, _listed in _WORDS.items():
    for _word in _listed.split():
        _LANGUAGES_OF_WORD.setdefault(_word, []).append(_language)

_SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff\uff66-\uff9f]"), 0.1),
    ("ko", re.compile("[\uac00-\ud7af\u1100-\u11ff]"), SCRIPT_SHARE),
    ("zh", re.compile("[\u4e00-\u9fff\u3400-\u4dbf]"), SCRIPT_SHARE),
    ("uk", re.compile("[іїєґІЇЄҐ]"), 0.03),
    ("ru", re.compile("[\u0400-\u04ff]"), SCRIPT_SHARE),
    ("el", re.compile("[\u0370-\u03ff\u1f00-\u1fff]"), SCRIPT_SHARE),
    ("ar", re.compile("[\u0600-\u06ff]"), SCRIPT_SHARE),
    ("he", re.compile("[\u0590-\u05ff]"), SCRIPT_SHARE),
    ("hi", re.compile("[\u0900-\u097f]"), SCRIPT_SHARE),
    ("th", re.compile("[\u0e00-\u0e7f]"), SCRIPT_SHARE),
)
"""First that fits: the share of a text's letters that are of this script."""
_WORD = re.compile(r"[^\W\d_]+")


def detect_language(texts: Sequence[str]) -> str | None:
    """The ISO 639-1 code of the language of a document's pages; None where they are too short or too mixed to tell.

    >>> detect_language(["Der Vertrag ist von beiden Seiten unterschrieben und wird nach einer Frist wirksam."])
    'de'
    """
    words = [word for text in _sampled(texts) for word in _WORD.findall(text)]
    letters = sum(map(len, words))
    if not letters:
        return None
    joined = "".join(words)
    # Nearly all is Latin, and then no other script needs to be counted.
    if not joined.isascii():
        for language, script, share in _SCRIPTS:
            if len(script.findall(joined)) >= share * letters:
                return language
    return _voted(words)


def _voted(words: Sequence[str]) -> str | None:
    counts = Counter(words)
    votes: Counter[str] = Counter()
    for word, count in counts.items():
        for language in _LANGUAGES_OF_WORD.get(word.lower(), ()):
            votes[language] += count
    if not votes:
        return None
    (best, most), *others = votes.most_common(2)
    is_enough = most >= LEAST_VOTES and most >= LEAST_SHARE * len(words)
    return best if is_enough and all(most >= LEAD * other + 1 for _, other in others) else None


def _sampled(texts: Sequence[str]) -> Iterator[str]:
    """Parts of the beginning, the middle and the end of a document."""
    part = SAMPLED // 3
    if len(texts) == 1:
        text = texts[0]
        starts = [0, max(part, len(text) // 2), max(2 * part, len(text) - part)]
        yield from (text[start : start + part] for start in starts)
        return
    for first in (0, len(texts) // 2, len(texts) - 1) if len(texts) > 2 else range(len(texts)):
        room = part
        step = -1 if first == len(texts) - 1 and first else 1
        for text in texts[first::step]:
            yield text[:room]
            room -= len(text)
            if room <= 0:
                break
