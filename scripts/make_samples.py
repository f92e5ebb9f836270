"""Make the pictures and the audio of examples/ anew: ``make samples``, or ``make_samples.py DIRECTORY``.

The notes are written by hand; this makes what they show, and five short episodes, one per format. Needs lame, flac,
oggenc (vorbis-tools) and ffmpeg on the PATH. Nothing depends on clock or chance, so that the same versions of these
programs make the same bytes; other versions make equivalent files.
"""

from __future__ import annotations

import math
import shutil
import struct
import subprocess
import sys
import tempfile
import wave
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mutagen.flac import FLAC, Picture
from mutagen.id3 import APIC, ID3, TALB, TDRC, TIT2, TPE1, TRCK
from mutagen.mp4 import MP4
from mutagen.oggvorbis import OggVorbis
from mutagen.wave import WAVE

SHOW = "Small Hours"
HOST = "Ada Byte"
YEAR = "2026"
TOOLS = ("lame", "flac", "oggenc", "ffmpeg")
MAX_BYTES = 60_000

Pixel = tuple[int, int, int]


@dataclass(frozen=True)
class Episode:
    """One audio file: where it goes, its number and title, and the tune (MIDI notes) that is heard."""

    path: str
    number: int
    title: str
    tune: tuple[int, ...]


EPISODES = (
    Episode("01 Hello, Picora.mp3", 1, "Hello, Picora", (60, 64, 67, 72)),
    Episode("02 Rain on the roof.flac", 2, "Rain on the roof", (57, 60, 64, 69)),
    Episode("03 Interview.m4a", 3, "Interview with a daemon", (62, 65, 69, 74)),
    Episode("season 2/04 Überraschung.ogg", 4, "Überraschung 🎙", (55, 59, 62, 67)),
    Episode("season 2/05 Raw take.wav", 5, "Raw take", (64, 67, 71, 76)),
)


def main(root: Path) -> None:
    """Make everything below ``root``."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        sys.exit(f"not found: {', '.join(missing)} (Debian: apt install lame flac vorbis-tools ffmpeg)")
    attachments = root / "vault" / "attachments"
    attachments.mkdir(parents=True, exist_ok=True)
    (attachments / "chart.png").write_bytes(png(240, 120, bars))
    (attachments / "red square.png").write_bytes(png(48, 48, lambda _x, _y: (200, 30, 40)))
    (attachments / "logo.svg").write_text(LOGO, encoding="utf-8")
    (attachments / "photo.jpg").write_bytes(jpeg(png(320, 200, sunset)))
    cover_png, cover_jpeg = png(600, 600, rings), jpeg(png(600, 600, rings))
    for episode in EPISODES:
        file = root / "podcast" / episode.path
        file.parent.mkdir(parents=True, exist_ok=True)
        record(episode, file)
        tag(episode, file, cover_png, cover_jpeg)
    for file in sorted([*attachments.iterdir(), *(root / "podcast").rglob("*.*")]):
        size_bytes = file.stat().st_size
        print(f"{size_bytes:6} {file}")
        if size_bytes > MAX_BYTES:
            sys.exit(f"{file} is larger than {MAX_BYTES} bytes")


# --- pictures ---

LOGO = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" width="64" height="64">
  <rect width="64" height="64" rx="14" fill="#1f6f8b"/>
  <path d="M20 48V16h14a10 10 0 0 1 0 20H20" fill="none" stroke="#fff" stroke-width="6"/>
</svg>
"""


def png(width: int, height: int, pixel: Callable[[int, int], Pixel]) -> bytes:
    """A PNG file (true colour, 8 bits), each pixel as the function says."""
    rows = b"".join(b"\0" + bytes(part for x in range(width) for part in pixel(x, y)) for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def jpeg(picture: bytes) -> bytes:
    """The same picture as a JPEG file."""
    command = ["ffmpeg", "-v", "error", "-f", "png_pipe", "-i", "-", "-flags", "+bitexact", "-q:v", "12"]
    return subprocess.run([*command, "-f", "mjpeg", "-"], input=picture, capture_output=True, check=True).stdout


def bars(x: int, y: int) -> Pixel:
    """A bar chart."""
    height = (30, 55, 42, 88, 70, 104)[min(x // 40, 5)]
    return (31, 111, 139) if x % 40 > 8 and 120 - y < height else (250, 250, 248)  # noqa: PLR2004  # a drawing


def sunset(x: int, y: int) -> Pixel:
    """A sun over the sea."""
    if math.hypot(x - 160, y - 110) < 40 and y < 120:  # noqa: PLR2004  # a drawing
        return (255, 214, 102)
    return (230 - y // 2, 120 + y // 4, 90 + y // 2) if y < 120 else (20, 60 + x % 16, 90 + y // 4)  # noqa: PLR2004


def rings(x: int, y: int) -> Pixel:
    """The show's cover."""
    return (31, 111, 139) if int(math.hypot(x - 300, y - 300)) // 50 % 2 else (240, 236, 226)


# --- audio ---


def samples(tune: tuple[int, ...], rate_hz: int) -> Iterator[int]:
    """Half a second of each note, fading out, as 16-bit samples."""
    length = rate_hz // 2
    for note in tune:
        frequency_hz = 440.0 * 2 ** ((note - 69) / 12)
        for number in range(length):
            fade = 1 - number / length
            yield int(9000 * fade * math.sin(2 * math.pi * frequency_hz * number / rate_hz))


def record(episode: Episode, file: Path) -> None:
    """Play the tune and encode it into the file's format."""
    rate_hz = 11025 if file.suffix == ".wav" else 22050
    with tempfile.TemporaryDirectory() as directory:
        take = Path(directory, "take.wav")
        with wave.open(str(take), "wb") as writer:
            writer.setparams((1, 2, rate_hz, 0, "NONE", "not compressed"))
            writer.writeframes(b"".join(struct.pack("<h", sample) for sample in samples(episode.tune, rate_hz)))
        if file.suffix == ".wav":
            shutil.copyfile(take, file)
            return
        bitexact = ("-map_metadata", "-1", "-fflags", "+bitexact", "-flags", "+bitexact")
        commands: dict[str, tuple[str | Path, ...]] = {
            ".mp3": ("lame", "--quiet", "-b", "48", take, file),
            ".flac": ("flac", "--silent", "--force", "--best", "--no-padding", f"--output-name={file}", take),
            ".ogg": ("oggenc", "--quiet", "--serial", "1", "-q", "1", f"--output={file}", take),
            ".m4a": ("ffmpeg", "-v", "error", "-y", "-i", take, "-c:a", "aac", "-b:a", "48k", *bitexact, file),
        }
        subprocess.run(commands[file.suffix], check=True)


def tag(episode: Episode, file: Path, cover_png: bytes, cover_jpeg: bytes) -> None:
    """Write title, artist, album, number and year as the format wants them, and a cover where Picora reads one."""
    match file.suffix:
        case ".mp3":
            tags = ID3()
            write_id3(tags, episode)
            tags.add(APIC(mime="image/jpeg", type=3, desc="cover", data=cover_jpeg))
            tags.save(file, padding=lambda _info: 0)
        case ".wav":
            sound = WAVE(file)
            sound.add_tags()
            write_id3(sound.tags, episode)
            sound.save()
        case ".m4a":
            movie = MP4(file)
            movie.update({"\xa9nam": episode.title, "\xa9ART": HOST, "\xa9alb": SHOW, "\xa9day": YEAR})
            movie["trkn"] = [(episode.number, len(EPISODES))]
            movie.save()
        case ".flac":
            lossless = FLAC(file)
            lossless.update(comments(episode))
            picture = Picture()
            picture.type, picture.mime, picture.data = 3, "image/png", cover_png
            picture.width, picture.height, picture.depth = 600, 600, 24
            lossless.add_picture(picture)
            lossless.save(padding=lambda _info: 0)
        case ".ogg":
            vorbis = OggVorbis(file)
            vorbis.update(comments(episode))
            vorbis.save()


def write_id3(tags: ID3, episode: Episode) -> None:
    """The frames that MP3 and WAV share."""
    frames = (
        TIT2(text=episode.title),
        TPE1(text=HOST),
        TALB(text=SHOW),
        TDRC(text=YEAR),
        TRCK(text=str(episode.number)),
    )
    for frame in frames:
        frame.encoding = 3
        tags.add(frame)


def comments(episode: Episode) -> dict[str, str]:
    """The Vorbis comments that FLAC and Ogg share."""
    return {
        "title": episode.title,
        "artist": HOST,
        "album": SHOW,
        "tracknumber": str(episode.number),
        "date": YEAR,
    }


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "examples"))
