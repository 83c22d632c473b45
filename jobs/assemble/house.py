"""The house format: one way to encode, so that whatever was encoded by it joins by copying.

H.264 High, yuv420p, BT.709, square pixels, constant frame rate, closed GOPs, no B-frames. `stitchable=1` keeps the parameter
sets independent of quality and content: any two streams of one size and rate have the same avcC, whatever their CRF.
One thread an encode: the bytes do not depend on the machine, and parallel shots use the cores.
"""

from __future__ import annotations

from typing import Any

from shared.domain.blueprint.model import Output, Profile

AAC_FRAME = 1024  # samples in one AAC-LC frame, and the encoder's own delay
AAC_PREROLL = 4  # frames encoded and thrown away ahead of a block, so that it starts with the encoder warm
STILL_GOP_SECONDS = 5  # a still has one keyframe this often: seeking stays quick, and the file small

_PRESET = {Profile.PREVIEW: "ultrafast", Profile.STANDARD: "veryfast", Profile.HIGH: "medium"}
_CRF = {Profile.PREVIEW: 28, Profile.STANDARD: 20, Profile.HIGH: 17}
_STILL_CRF_BONUS = 6  # a still is one keyframe for seconds, and every flaw in it is stared at


def keyframe_interval(output: Output) -> int:
    """Frames from one IDR to the next in moving pictures: half a second.

    Never one: x264 then writes other parameter sets, and nothing would join.
    """
    return max(2, round(output.frame_rate.fraction / 2))


def still_gop(output: Output) -> int:
    """Frames of the one GOP a still is made of."""
    return max(1, round(output.frame_rate.fraction * STILL_GOP_SECONDS))


def x264_params(keyint: int) -> str:
    return ":".join(
        [
            "stitchable=1",
            f"keyint={keyint}",
            f"min-keyint={keyint}",
            "scenecut=0",
            "open-gop=0",
            "bframes=0",
            "ref=1",
            "cabac=1",
            "8x8dct=1",
            "weightp=0",
            "mbtree=0",
            "rc-lookahead=0",
            "threads=1",
            "sliced-threads=0",
            "slices=1",
            "aud=0",
            "repeat-headers=1",
            "force-cfr=1",
            "colorprim=bt709",
            "transfer=bt709",
            "colormatrix=bt709",
            "chromaloc=0",  # else the source's own would be written into the parameter sets
        ]
    )


def video_options(output: Output, *, still: bool = False, keyframe_at: int | None = None) -> dict[str, Any]:
    """ffmpeg output options of a shot. `8x8dct` and `cabac` are named so that a faster preset keeps the parameter sets.

    `keyframe_at`: a frame of it that is to be a keyframe beside those that come at their interval.
    """
    forced = {"force_key_frames": f"expr:eq(n,{keyframe_at})", "forced-idr": 1} if keyframe_at else {}
    crf = _CRF[output.profile] - (_STILL_CRF_BONUS if still else 0)
    return {
        "format": "h264",
        "vcodec": "libx264",
        "profile:v": "high",
        "level:v": _level(output),
        "preset": _PRESET[output.profile],
        "crf": crf,
        "pix_fmt": "yuv420p",
        "x264-params": x264_params(still_gop(output) if still else keyframe_interval(output)),
        "threads": 1,
        **forced,
    }


def _level(output: Output) -> str:
    """The lowest H.264 level (Table A-1) that holds the size and rate, from 3.1 up."""
    blocks = -(-output.width // 16) * -(-output.height // 16)
    rate = blocks * output.frame_rate.fraction
    for level, frame, second in (
        ("3.1", 3600, 108_000),
        ("4.0", 8192, 245_760),
        ("4.2", 8704, 522_240),
        ("5.1", 36_864, 983_040),
    ):
        if blocks <= frame and rate <= second:
            return level
    return "5.2"


def audio_options(output: Output) -> dict[str, Any]:
    """ffmpeg output options of an audio block: AAC-LC at a rate that fits speech in mono and music in stereo.

    The fast coder costs less than half of the default one and, at these rates, is the nearer to the original: measured on a
    minute of narration at 96 kbit/s, 0.48 s against 1.05 s of CPU, and 41 dB against 26 dB of signal to noise.
    """
    return {
        "format": "adts",
        "acodec": "aac",
        "aac_coder": "fast",
        "audio_bitrate": "96k" if output.channels == 1 else "160k",
        "ar": output.sample_rate,
        "ac": output.channels,
        "flags": "+bitexact",
        "threads": 1,
    }
