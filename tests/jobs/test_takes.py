"""Takes: several shots by one run of ffmpeg, which come out to the byte as each does alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from jobs.assemble.pictures.maker import PictureMaker
from jobs.assemble.pictures.shots import Shot, ShotKind, Source
from jobs.assemble.pictures.takes import MOST_SHOTS, in_takes
from jobs.assemble.plan import plan_render
from jobs.assemble.running.child import Children
from shared.domain.blueprint import parse_blueprint
from shared.domain.errors import CorruptAsset, RenderFailed
from tests.jobs.conftest import FOREIGN_FRAMES, Sources
from tests.support.assembly import Raw, clip, colour, production
from tests.support.assembly_tools import FFMPEG, Tampered
from tests.support.media import decode_grey, read_numbers

ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
TYPES = {"house": "video/mp4", "foreign": "video/x-matroska"}
WORDS = {"mode": "burned", "burn_language": "en", "languages": {"en": [{"start": 50, "duration": 9, "text": "Words"}]}}


def shots_of(document: Raw) -> tuple[Shot, ...]:
    known = {"house": Source("house", frozenset(range(0, 60, 15)), 60), "foreign": Source("foreign")}
    return plan_render(parse_blueprint(document), {name: known[name] for name in document["assets"]}, "encoder").shots


@pytest.mark.parametrize(("count", "workers"), [(1, 1), (5, 1), (11, 1), (12, 1), (100, 1), (100, 8), (100, 100)])
def test_every_shot_is_in_one_take_and_every_worker_has_some(count: int, workers: int) -> None:
    shots = shots_of(production([colour(f"c{n}", n * 10, 10) for n in range(count)]))
    takes = in_takes(shots, workers)
    assert [shot for take in takes for shot in take] == list(shots)
    assert max(map(len, takes)) <= MOST_SHOTS
    assert len(takes) >= min(count, workers * 4)


def test_no_shots_are_no_takes() -> None:
    assert in_takes([], 4) == []


@pytest.fixture(scope="module")
def document() -> Raw:
    """Every way to make a shot: a transition, a foreign clip, words over a copy, a frame that hands over, a still."""
    items = [
        clip("a", "foreign", 0, 0, 30),
        clip("b", "house", 20, 3, 50),
        colour("c", 70, 10),
    ]
    assets = {name: {"uri": f"media://{name}", "media_type": TYPES[name]} for name in TYPES}
    document = production(items, assets, captions=WORDS)
    document["tracks"][0]["transitions"] = [{"from": "a", "to": "b", "type": "dissolve", "duration": 10}]
    return document


def maker(document: Raw, sources: Sources, scratch: Path, program: str = FFMPEG) -> PictureMaker:
    files = {"house": sources.house, "foreign": sources.foreign}
    children = Children(ENVIRONMENT, program)
    pictures = PictureMaker(parse_blueprint(document), lambda name: files[name], children, scratch)
    pictures.house_clips = frozenset({"house"})
    return pictures


@pytest.mark.media
def test_a_take_gives_each_shot_as_it_is_alone(document: Raw, sources: Sources, tmp_path: Path) -> None:
    made = [shot for shot in shots_of(document) if shot.kind is not ShotKind.COPY]
    assert len(made) >= 5 and any(shot.hands_over for shot in made)
    pictures = maker(document, sources, tmp_path)
    together = [(shot, tmp_path / f"together-{n}") for n, shot in enumerate(made)]
    pictures.make(together)
    for shot, target in together:
        alone = tmp_path / "alone"
        pictures.make([(shot, alone)])
        assert target.read_bytes() == alone.read_bytes(), shot
    assert read_numbers(decode_grey(together[0][1])) == list(FOREIGN_FRAMES)[:20]


@pytest.mark.media
def test_of_a_take_that_fails_the_good_shots_are_made_and_the_bad_one_is_blamed(
    document: Raw, sources: Sources, tmp_path: Path
) -> None:
    first, second, *_ = [shot for shot in shots_of(document) if shot.kind is ShotKind.ENCODE]
    broken = tmp_path / "broken.mkv"
    shutil.copy(sources.foreign, broken)
    with broken.open("r+b") as stream:
        stream.truncate(600)
    pictures = maker(document, Sources(**{**vars(sources), "foreign": broken}), tmp_path)
    still = next(shot for shot in shots_of(document) if shot.kind is ShotKind.STILL)
    targets = [tmp_path / "still", tmp_path / "first"]
    with pytest.raises(CorruptAsset, match="'foreign'"):
        pictures.make([(still, targets[0]), (first, targets[1]), (second, tmp_path / "second")])
    assert len(targets[0].read_bytes()) > 100


@pytest.mark.media
def test_a_take_that_does_not_decode_as_it_was_encoded_is_refused(sources: Sources, tmp_path: Path) -> None:
    document = production([colour("a", 0, 10), colour("b", 10, 10, "#ffffff")])
    shorter = Tampered(tmp_path, "-f null", f'exec {FFMPEG} "${{@:1:$#-1}}" -frames:v 149 "${{!#}}"')
    pictures = maker(document, sources, tmp_path, str(shorter.program))
    with pytest.raises(RenderFailed, match="150 encoded, 149 decoded"):
        pictures.make([(shot, tmp_path / str(shot.start)) for shot in shots_of(document)])


@pytest.mark.media
def test_of_a_still_its_own_keyframe_must_decode_as_well(sources: Sources, tmp_path: Path) -> None:
    """The frames behind it are shown to play once for all stills; each one's keyframe still is, itself."""
    document = production([colour("a", 0, 10), colour("b", 10, 10, "#ffffff")])
    flag = tmp_path / "from now on"
    spoilt = f'if [ -e "{flag}" ]; then exec {FFMPEG} "${{@:1:$#-1}}" -frames:v 1 "${{!#}}"; fi; exec {FFMPEG} "$@"'
    pictures = maker(document, sources, tmp_path, str(Tampered(tmp_path, "-f null", spoilt).program))
    first, second = shots_of(document)
    pictures.make([(first, tmp_path / "first")])
    flag.touch()
    with pytest.raises(RenderFailed, match="2 encoded, 1 decoded"):
        pictures.make([(second, tmp_path / "second")])
