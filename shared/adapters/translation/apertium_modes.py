"""Apertium's installed modes: which language pairs there are, and the programs each of them is a pipeline of."""

from __future__ import annotations

import hashlib
import shlex
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from shared.domain.errors import EngineUnavailable

INSTALL = "install it with `apt-get install apertium apertium-eng-spa` (other pairs: `apt-cache search apertium-`)"
PREPARATION = 1  # raised when what apertium_text does changes; it takes part in the version

# ISO 639-3, which modes are named by, to ISO 639-1, which BCP 47 uses where there is one.
_CODES = (
    "afr:af ara:ar arg:an aze:az bel:be bre:br bul:bg cat:ca ces:cs cym:cy dan:da deu:de ell:el eng:en epo:eo eus:eu "
    "fao:fo fin:fi fra:fr gla:gd gle:ga glg:gl hbs:sh heb:he hin:hi hrv:hr hun:hu ind:id isl:is ita:it kat:ka kaz:kk "
    "kir:ky lat:la lit:lt lvs:lv mar:mr mkd:mk mlt:mt msa:ms nld:nl nno:nn nob:nb oci:oc pol:pl por:pt ron:ro rus:ru "
    "slk:sk slv:sl sme:se spa:es sqi:sq srd:sc srp:sr swe:sv tat:tt tgk:tg tur:tr ukr:uk urd:ur uzb:uz zlm:ms "
)
_TWO_LETTERS = dict(pair.split(":") for pair in _CODES.split())


@dataclass(frozen=True)
class Mode:
    """One translation direction. `stages` are argument lists, the output of each being the input of the next."""

    name: str
    source: str
    target: str
    stages: tuple[tuple[str, ...], ...]

    @property
    def missing_programs(self) -> list[str]:
        return sorted({stage[0] for stage in self.stages if shutil.which(stage[0]) is None})


def find_modes(data_dirs: Iterable[Path]) -> dict[tuple[str, str], Mode]:
    """The usable modes under `data_dirs`, by (source, target) in BCP 47; of two for one pair, the first found counts.

    Raises EngineUnavailable, naming what was looked for and what is missing, when there is none.
    """
    folders = [folder / "modes" for folder in data_dirs]
    found = [mode for folder in folders for mode in _modes_in(folder)]
    usable = {(mode.source, mode.target): mode for mode in reversed(found) if not mode.missing_programs}
    if usable:
        return dict(sorted(usable.items()))
    looked = ", ".join(str(folder) for folder in folders)
    missing = sorted({program for mode in found for program in mode.missing_programs})
    if missing:
        raise EngineUnavailable(f"found the modes in {looked}, but not their programs {', '.join(missing)}; {INSTALL}")
    raise EngineUnavailable(
        f"looked for Apertium's language pairs as *.mode files in {looked} and found none; {INSTALL}"
    )


def digest_of_modes(modes: Iterable[Mode]) -> str:
    """SHA-256 over all that the modes are made of: their programs' arguments and the bytes of every data file."""
    digest = hashlib.sha256(f"preparation {PREPARATION}".encode())
    for mode in modes:
        for word in (word for stage in mode.stages for word in stage):
            digest.update(Path(word).name.encode() + b"\0")
            if Path(word).is_absolute() and Path(word).is_file():
                digest.update(_file_digest(Path(word)))
    return digest.hexdigest()


def _modes_in(folder: Path) -> Iterator[Mode]:
    for path in sorted(folder.glob("*.mode")):
        source, _, target = path.stem.partition("-")
        stages = _stages(path.read_text(encoding="utf-8"))
        if target and "-" not in target and stages:  # "eng-spa-tagger" and the like show a pipeline's inside
            yield Mode(path.stem, _bcp47(source), _bcp47(target), stages)


def _stages(text: str) -> tuple[tuple[str, ...], ...]:
    """The shell pipeline of a mode file, as argument lists. () for one that asks the shell for more than pipes."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars="|&;<>()")
    lexer.whitespace_split = True
    stages: list[list[str]] = [[]]
    for word in lexer:
        if word == "|":
            stages.append([])
        elif word[0] in "|&;<>()`" or "$(" in word:
            return ()
        elif word == "$1":
            stages[-1].append("-g")  # generate, and mark unknown words
        elif not word.startswith("$"):  # further parameters are Apertium's own debugging
            stages[-1].append(word)
    return tuple((stage[0], "-z", *stage[1:]) for stage in stages if stage) if all(stages) else ()


def _bcp47(code: str) -> str:
    """ "spa" is "es", "eng_US" is "en-US"; a language without a two-letter code keeps its own."""
    language, _, region = code.partition("_")
    return _TWO_LETTERS.get(language, language) + (f"-{region}" if region else "")


def _file_digest(path: Path) -> bytes:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()
