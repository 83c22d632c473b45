"""Settings of the speech vendors: who is asked, how fast, and for what money. Part of `shared.config.Settings`."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from shared.domain.price import parse_prices, unpriced

_URL = r"^(https?://[A-Za-z0-9.:\[\]_/-]{1,255}[A-Za-z0-9\]])?$"
_NAMES = r"^([A-Za-z0-9_+.-]{1,80}(,[A-Za-z0-9_+.-]{1,80})*)?$"
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
_FALLBACK = re.compile(r"[a-z]{2,3}=[a-z0-9_-]{1,40}/[A-Za-z0-9_+.-]{1,80}")
_OPENAI_LANGUAGES = (  # those that OpenAI documents for its voices
    "en,af,ar,az,be,bg,bs,ca,cs,cy,da,de,el,es,et,fa,fi,fr,gl,he,hi,hr,hu,hy,id,is,it,ja,kk,kn,ko,lt,lv,mi,mk,mr,ms,ne,nl,"
    "no,pl,pt,ro,ru,sk,sl,sr,sv,sw,ta,th,tl,tr,uk,ur,vi,zh"
)
SPEECH_SECRETS = ("google_speech_key", "azure_speech_key", "zyphra_key", "openai_speech_key")
Rate = Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)]
AtOnce = Annotated[int, Field(ge=1, le=256)]


class SpeechSettings(BaseModel):
    """A vendor exists where its key is set (Google: or the machine's own login; OpenAI-compatible: or an address)."""

    model_config = ConfigDict(frozen=True)

    google_speech_key: SecretStr = SecretStr("")
    google_speech_login: Literal["", "machine"] = ""  # machine: Application Default Credentials instead of a key
    google_speech_url: Annotated[str, Field(pattern=_URL)] = "https://texttospeech.googleapis.com"
    azure_speech_key: SecretStr = SecretStr("")
    azure_speech_region: Annotated[str, Field(pattern=r"^[a-z0-9]{0,40}$")] = ""  # such as westeurope
    azure_speech_url: Annotated[str, Field(pattern=_URL)] = ""  # "": the region's
    zyphra_key: SecretStr = SecretStr("")
    zyphra_url: Annotated[str, Field(pattern=_URL)] = "https://api.zyphra.com"
    zyphra_model: Literal["zonos-v0.1-transformer", "zonos-v0.1-hybrid"] = "zonos-v0.1-transformer"
    openai_speech_key: SecretStr = SecretStr("")
    openai_speech_url: Annotated[str, Field(pattern=_URL)] = ""  # any compatible server's, up to /v1; "": OpenAI's
    openai_speech_model: Annotated[str, Field(pattern=r"^[A-Za-z0-9._:/-]{1,100}$")] = "tts-1"
    openai_speech_voices: Annotated[str, Field(pattern=_NAMES)] = (
        ""  # parted by commas; "": those of every OpenAI model
    )
    openai_speech_languages: Annotated[str, Field(pattern=_NAMES)] = _OPENAI_LANGUAGES
    google_concurrency: AtOnce = 4
    google_per_second: Rate = 10.0
    azure_concurrency: AtOnce = 4
    azure_per_second: Rate = 10.0
    zyphra_concurrency: AtOnce = 2
    zyphra_per_second: Rate = 2.0
    openai_concurrency: AtOnce = 4
    openai_per_second: Rate = 5.0
    vendor_attempts: Annotated[int, Field(ge=1, le=50)] = 12  # of one text: five minutes of a vendor's being down
    speech_fallback: str = ""  # language=voice,...: who speaks where a vendor cannot; told in every result
    speech_prices: str = ""  # engine=price,engine/tier=price,... for a million characters; a vendor needs one
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"
    spending_cap: Annotated[Decimal, Field(ge=0, le=1_000_000, decimal_places=6)] = Decimal(10)  # of a user, a month

    @field_validator("speech_prices")
    @classmethod
    def _prices_can_be_read(cls, text: str) -> str:
        parse_prices(text)
        return text

    @field_validator("speech_fallback")
    @classmethod
    def _fallbacks_can_be_read(cls, text: str) -> str:
        if text and not all(_FALLBACK.fullmatch(part) for part in text.split(",")):
            raise ValueError('a fallback is written language=engine/voice, for example "en=flite/slt,es=espeak/es"')
        return text

    @model_validator(mode="after")
    def _vendors_are_whole(self) -> Self:
        faults = [*self._halves(), *self._unpriced(), *self._unsafe()]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @property
    def speech_vendors(self) -> list[str]:
        """The vendors that are set up, by engine name."""
        keys = {
            "google": bool(self.google_speech_key.get_secret_value() or self.google_speech_login),
            "azure": bool(self.azure_speech_key.get_secret_value()),
            "zyphra": bool(self.zyphra_key.get_secret_value()),
            "openai": bool(self.openai_speech_key.get_secret_value() or self.openai_speech_url),
        }
        return [name for name, is_set in keys.items() if is_set]

    @property
    def fallbacks(self) -> dict[str, str]:
        """Voice by primary language."""
        return dict(part.split("=", 1) for part in self.speech_fallback.split(",")) if self.speech_fallback else {}

    def _halves(self) -> list[str]:
        found = []
        if self.google_speech_key.get_secret_value() and self.google_speech_login:
            found.append("google_speech_key and google_speech_login exclude each other")
        if "azure" in self.speech_vendors and not (self.azure_speech_region or self.azure_speech_url):
            found.append("azure_speech_key needs azure_speech_region")
        return found

    def _unpriced(self) -> list[str]:
        missing = unpriced(self.speech_vendors, parse_prices(self.speech_prices))
        return [f"speech_prices must say what {name} costs: {name}=PRICE, or {name}=0" for name in missing]

    def _unsafe(self) -> list[str]:
        """A key goes over https alone, except to this machine."""
        urls = {
            "google_speech_url": (self.google_speech_url, "google_speech_key"),
            "azure_speech_url": (self.azure_speech_url, "azure_speech_key"),
            "zyphra_url": (self.zyphra_url, "zyphra_key"),
            "openai_speech_url": (self.openai_speech_url, "openai_speech_key"),
        }
        return [
            f"{name} must be https, or on this machine: a key goes there"
            for name, (url, key) in urls.items()
            if getattr(self, key).get_secret_value()
            and url.startswith("http://")
            and urlsplit(url).hostname not in _THIS_MACHINE
        ]
