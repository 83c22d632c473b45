"""Attacks by files: what is not what it says, what grows beyond measure, and signed URLs bent to another use."""

from __future__ import annotations

import io
import re
import struct
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import httpx
from PIL import Image

from shared.ports.storage import SignedUrl
from tests.functions.attacks_ground import Ground, attack, enter, picture
from tests.support.accounts import SignedIn

PHP = b"<?php system($_GET['c']); ?>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>fetch('/api/v1/auth/profile')</script>"


def uploaded(
    ground: Ground, name: str, data: bytes, kind: str = "image/png", type_: str = "background"
) -> httpx.Response:
    files = {"file": (name, data, kind)}
    return ground.client.post("/assets", data={"type": type_}, files=files, headers=ground.eve.headers)


def judged(ground: Ground, who: SignedIn, asset_id: str) -> dict[str, Any]:
    """An asset once it has been looked at."""
    deadline = time.monotonic() + 60
    while True:
        asset: dict[str, Any] = ground.client.get(f"/assets/{asset_id}", headers=who.headers).json()
        if asset["status"] in ("ready", "failed"):
            return asset
        assert time.monotonic() < deadline, asset
        time.sleep(0.02)


def _turned_away(
    name: str, data: bytes, kind: str = "image/png", type_: str = "background"
) -> Callable[[Ground], None]:
    """What does not begin as an accepted format is refused at the door, whatever it is called."""

    def case(ground: Ground) -> None:
        answer = uploaded(ground, name, data, kind, type_)
        assert answer.status_code in (415, 422), answer.text
        assert answer.headers["Content-Type"] == "application/problem+json"

    return case


def _found_out(name: str, data: bytes, *, type_: str = "background") -> Callable[[Ground], Iterator[None]]:
    """What begins well is decoded in full: refused at the door, or failed with a reason, and nothing of it is used."""

    def case(ground: Ground) -> Iterator[None]:
        answer = uploaded(ground, name, data, type_=type_)
        if answer.status_code < 300:
            asset = judged(ground, ground.eve, answer.json()["id"])
            assert asset["status"] == "failed" and asset["reason"] and not asset.get("media_key"), asset
            assert "Traceback" not in asset["reason"] and "/" + "tmp" not in asset["reason"]
        else:
            assert answer.status_code in (413, 415, 422), answer.text
        yield

    return case


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _bomb(width: int, height: int) -> bytes:
    """A PNG of some hundred bytes that says it has a great many pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 10_000)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _text_bomb() -> bytes:
    """A PNG whose compressed comment unfolds to 64 MB."""
    plain = picture()
    comment = _chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"\0" * 64_000_000, 9))
    return plain[:33] + comment + plain[33:]


def _zip_bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", b"\0" * 10_000_000)
    return out.getvalue()


GIF_JS = b"GIF89a/*" + b"\0" * 20 + b"*/=1;alert(document.domain)"

enter("file_svg", _turned_away("drawing.svg", SVG, "image/svg+xml"))
enter("file_svg_called_png", _turned_away("drawing.png", SVG))
enter("file_html_called_png", _turned_away("page.png", HTML))
enter("file_php_called_png", _turned_away("shell.php.png", PHP))
enter("file_gif_that_is_a_script", _turned_away("both.gif", GIF_JS, "image/gif"))
enter("file_zip_bomb_called_png", _turned_away("bomb.png", _zip_bomb()))
enter("file_pdf_called_png", _turned_away("paper.png", b"%PDF-1.7\n1 0 obj\n"))
enter("file_empty", _turned_away("empty.png", b""))
enter(
    "file_executable_called_song", _turned_away("song.mp3", b"\x7fELF\x02\x01\x01" + b"\0" * 100, "audio/mpeg", "song")
)
enter("file_playlist_called_song", _turned_away("song.wav", b"#EXTM3U\nfile:///etc/passwd\n", "audio/wav", "song"))
enter("file_of_a_type_nobody_knows", _turned_away("a.png", picture(), type_="../background"))
enter("file_php_after_a_pngs_first_bytes", _found_out("shell.png", b"\x89PNG\r\n\x1a\n" + PHP))
enter("file_half_a_png", _found_out("half.png", picture(size=(200, 200))[:150]))
enter("file_image_bomb", _found_out("bomb.png", _bomb(60_000, 60_000)))
enter("file_image_bomb_of_one_row", _found_out("row.png", _bomb(2_000_000_000, 1)))
enter(
    "file_playlist_inside_a_song",
    _found_out("s.mp3", b"ID3\x04\0\0\0\0\0\0#EXTM3U\nfile:///etc/passwd\n", type_="song"),
)


@attack
def file_larger_than_the_door(ground: Ground) -> None:
    answer = uploaded(ground, "big.png", b"\x89PNG\r\n\x1a\n" + b"\0" * (22 * 1024 * 1024))
    assert answer.status_code == 413


def _made_anew(name: str, data: bytes, *gone: bytes) -> Callable[[Ground], Iterator[None]]:
    """A real picture that carries more: what is kept for use is encoded anew, without any of it."""

    def case(ground: Ground) -> Iterator[None]:
        answer = uploaded(ground, name, data)
        if answer.status_code >= 300:
            assert answer.status_code in (413, 415, 422)
        else:
            asset = judged(ground, ground.eve, answer.json()["id"])
            if asset["status"] == "ready":
                kept = ground.server.app.media.get(asset["media_key"])
                assert not [part for part in gone if part in kept]
                with Image.open(io.BytesIO(kept)) as image:
                    assert not image.getexif() and set(image.info) <= {"dpi", "gamma", "srgb"}, image.info
        yield

    return case


def _with_gps() -> bytes:
    exif = Image.Exif()
    exif[0x010E] = "Home of Anna"
    exif[0x8825] = {1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)}
    return picture("JPEG", exif=exif)


enter("file_png_with_php_behind_it", _made_anew("both.png", picture() + PHP, PHP))
enter("file_jpeg_with_a_script_in_a_comment", _made_anew("c.jpg", picture("JPEG", comment=HTML), HTML, b"<script>"))
enter("file_png_whose_comment_is_a_bomb", _made_anew("text.png", _text_bomb(), b"zTXt"))
enter("file_with_the_place_it_was_taken_at", _made_anew("gps.jpg", _with_gps(), b"Home of Anna", b"Exif"))


def sent(ground: Ground, signed: SignedUrl, body: bytes = b"", **headers: str) -> tuple[int, str]:
    """Status and, of a refusal, Cloud Storage's code."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = ground.client.request(signed.method, signed.url, headers={**signed.headers, **given}, content=body)
    found = re.search("<Code>(.*)</Code>", answer.text)
    return answer.status_code, found[1] if found else ""


def bent(signed: SignedUrl, old: str = "", new: str = "", *, method: str = "") -> SignedUrl:
    assert old in signed.url
    return SignedUrl(signed.url.replace(old, new), method or signed.method, signed.headers, signed.expires_at)


def upload_of(ground: Ground, name: str, **terms: Any) -> SignedUrl:
    """Of a key that is no asset's: what lies under users/ the studio looks at, and clears away."""
    given = {"content_type": "image/png", "length_range": (1, 10), "if_generation": 0, **terms}
    return ground.server.app.uploads.sign("PUT", f"loose/{ground.eve.uid}/{name}", 60, **given)


FORGED = (403, "SignatureDoesNotMatch")


@attack
def signed_url_for_another_path(ground: Ground) -> None:
    signed = upload_of(ground, "a")
    assert sent(ground, bent(signed, ground.eve.uid, ground.anna.uid), b"data") == FORGED
    assert sent(ground, bent(signed, "/storage/uploads/", "/storage/media/"), b"data") == FORGED
    assert sent(ground, bent(signed, f"{ground.eve.uid}/a", f"{ground.eve.uid}/%61"), b"data") == FORGED
    assert sent(ground, bent(signed, f"{ground.eve.uid}/a", f"{ground.eve.uid}/b/%2e%2e/a"), b"data") == FORGED


@attack
def signed_url_with_a_longer_life(ground: Ground) -> None:
    signed = upload_of(ground, "a")
    assert sent(ground, bent(signed, "X-Goog-Expires=60", "X-Goog-Expires=604800"), b"data") == FORGED
    assert sent(ground, bent(signed, "X-Goog-Expires=60", "X-Goog-Expires=60&X-Goog-Expires=61"), b"data") == FORGED


@attack
def signed_url_by_another_method(ground: Ground) -> None:
    signed = upload_of(ground, "a", if_generation=None)
    for method in ("GET", "POST", "DELETE", "HEAD"):
        assert sent(ground, bent(signed, method=method))[0] == 403


@attack
def signed_url_with_other_headers(ground: Ground) -> None:
    signed = upload_of(ground, "a")
    assert sent(ground, signed, b"data", content_type="text/html") == FORGED
    assert sent(ground, signed, b"data", x_goog_content_length_range="0,99999") == FORGED
    assert sent(ground, signed, b"data", x_goog_if_generation_match="7") == FORGED
    assert sent(ground, signed, b"data", x_goog_meta_owner="anna") == (403, "MalformedSecurityHeader")
    assert sent(ground, SignedUrl(signed.url, "PUT", {}, signed.expires_at), b"data")[0] == 403


@attack
def signed_url_expired(ground: Ground) -> None:
    now = ground.server.app.clock.now
    signed = ground.server.app.uploads.sign("PUT", f"loose/{ground.eve.uid}/late", 1)
    while now() <= signed.expires_at:
        time.sleep(0.05)
    assert sent(ground, signed, b"data") == (400, "ExpiredToken")


@attack
def signed_url_of_an_upload_reads_nothing(ground: Ground) -> None:
    key = f"users/{ground.anna.uid}/{ground.things['asset_id']}"
    assert ground.server.app.uploads.stat(key) is not None
    assert sent(ground, bent(ground.server.app.uploads.sign("PUT", key, 60), method="GET")) == FORGED


@attack
def signed_url_put_over_what_is_there(ground: Ground) -> Iterator[None]:
    signed = upload_of(ground, "first")
    assert sent(ground, signed, b"first")[0] == 200
    yield
    assert sent(ground, signed, b"other") == (412, "PreconditionFailed")
    assert ground.server.app.uploads.get(f"loose/{ground.eve.uid}/first") == b"first"


@attack
def signed_url_with_a_longer_body(ground: Ground) -> None:
    signed = upload_of(ground, "long")
    assert sent(ground, signed, b"x" * 11) == (400, "EntityTooLarge")
    answer = ground.client.put(signed.url, headers=signed.headers, content=iter([b"x" * 6] * 2))  # in chunks, no length
    assert answer.status_code == 400 and ground.server.app.uploads.stat(f"loose/{ground.eve.uid}/long") is None


@attack
def signed_url_replayed_after_deletion(ground: Ground) -> Iterator[None]:
    uploads, key = ground.server.app.uploads, f"loose/{ground.eve.uid}/gone"
    uploads.put(key, b"there")
    reading = uploads.sign("GET", key, 60)
    assert sent(ground, reading)[0] == 200
    uploads.delete(key)
    yield
    assert sent(ground, reading) == (404, "NoSuchKey")


@attack
def resumable_session_guessed_or_used_elsewhere(ground: Ground) -> Iterator[None]:
    uploads = ground.server.app.uploads
    session = uploads.start_resumable(f"loose/{ground.eve.uid}/s", content_type="a/b", size=4).session
    yield
    assert sent(ground, bent(session, ground.eve.uid, ground.anna.uid), b"data")[0] in (403, 404)
    made_up = session.url.rpartition("=")[0] + "=" + "0" * 32
    answer = ground.client.put(made_up, content=b"data")
    assert answer.status_code == 404
