"""A phrase to hear a voice by, in its own language."""

from __future__ import annotations

_PHRASES = {
    "ar": "هكذا أبدو عندما أقرأ قصتك.",
    "ca": "Així sono quan llegeixo la teva història.",
    "cs": "Takto zním, když čtu váš příběh.",
    "da": "Sådan lyder jeg, når jeg læser din historie.",
    "de": "So klinge ich, wenn ich deine Geschichte lese.",
    "el": "Έτσι ακούγομαι όταν διαβάζω την ιστορία σου.",
    "en": "This is how I sound when I read your story.",
    "es": "Así sueno cuando leo tu historia.",
    "fi": "Tältä kuulostan, kun luen tarinaasi.",
    "fr": "Voici ma voix quand je lis votre histoire.",
    "he": "כך אני נשמע כשאני קורא את הסיפור שלך.",
    "hi": "जब मैं आपकी कहानी सुनाता हूँ तो मेरी आवाज़ ऐसी लगती है।",
    "hu": "Így szól a hangom, amikor a történetedet olvasom.",
    "it": "Ecco la mia voce quando leggo la tua storia.",
    "ja": "あなたの物語を読むとき、私の声はこのように聞こえます。",
    "ko": "당신의 이야기를 읽을 때 제 목소리는 이렇습니다.",
    "nl": "Zo klink ik als ik je verhaal voorlees.",
    "no": "Slik høres jeg ut når jeg leser historien din.",
    "pl": "Tak brzmi mój głos, gdy czytam twoją opowieść.",
    "pt": "É assim que eu soo quando leio a sua história.",
    "ro": "Așa sun când îți citesc povestea.",
    "ru": "Так звучит мой голос, когда я читаю вашу историю.",
    "sv": "Så här låter jag när jag läser din berättelse.",
    "tr": "Hikâyeni okurken sesim böyle duyulur.",
    "uk": "Так звучить мій голос, коли я читаю вашу історію.",
    "zh": "这就是我朗读你的故事时的声音。",
}
_COUNTED = "1, 2, 3, 4, 5."  # every voice can say numbers in its own language
_ALIKE = {"cmn": "zh", "yue": "zh", "nb": "no", "nn": "no"}


def phrase_in(language: str) -> str:
    """A sentence of the language, BCP 47; numbers where none is written here."""
    code = language.split("-")[0].lower()
    return _PHRASES.get(_ALIKE.get(code, code), _COUNTED)
