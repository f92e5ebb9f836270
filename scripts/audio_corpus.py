"""Makes audio files with other people's encoders, and compares what client and server read of them with ffmpeg.

python scripts/audio_corpus.py [DIR]    DIR: your own files, instead of those that are made

Needs ffmpeg and ffprobe; sox, lame, flac, opusenc and oggenc for what they make. mutagen's own samples come by pip.
The judge is how long ffmpeg decodes; what ffprobe says is shown beside it: of a cut file it is a header's claim.
Exits with 1 if something that is known differs by more than a second or 5 %.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from picora_sync.content import signature
from picora_sync.content.formats import read_embedded
from picora_sync.server.content.audio_probe import probe

SUFFIXES = (".mp3", ".m4a", ".wav", ".flac", ".ogg")
FF = "ffmpeg -hide_banner -loglevel error -nostdin -y"
RECIPES = f"""
sox -n -r 44100 -c 2 -b 16 base.wav synth 37 sine 440-880 tremolo 3 40 vol 0.5
sox -n -r 44100 -c 2 -b 16 part.wav synth 11 pinknoise vol 0.3
{FF} -f lavfi -i nullsrc=s=3000x3000,geq=random(1)*255:128:128 -frames:v 1 cover.png
lame --quiet -b 128 base.wav mp3-cbr.mp3
lame --quiet -V4 base.wav mp3-vbr.mp3
lame --quiet --abr 90 base.wav mp3-abr.mp3
lame --quiet -t -V6 base.wav mp3-vbr-without-header.mp3
lame --quiet -m m --resample 22.05 -b 48 base.wav mp3-mpeg2.mp3
lame --quiet -m m --resample 11.025 -b 24 base.wav mp3-mpeg25.mp3
{FF} -i base.wav -write_xing 0 -q:a 3 mp3-without-xing.mp3
{FF} -i mp3-vbr.mp3 -i cover.png -map 0 -map 1 -c copy -id3v2_version 3 mp3-large-cover.mp3
flac -s -f base.wav -o flac.flac
flac -s -f -8 -b 16384 --lax base.wav -o flac-large-blocks.flac
{FF} -i flac.flac -i cover.png -map 0 -map 1 -c copy -disposition:v attached_pic flac-large-cover.flac
oggenc -Q base.wav -o ogg-vorbis.ogg
opusenc --quiet base.wav ogg-opus.ogg
opusenc --quiet --bitrate 12 base.wav ogg-opus-12.ogg
flac -s -f --ogg base.wav -o ogg-flac.ogg
{FF} -i base.wav -c:a libspeex -ar 16000 -ac 1 -f ogg ogg-speex.ogg
{FF} -f lavfi -i testsrc=d=37:s=160x120:r=5 -i base.wav -c:v libtheora -c:a libvorbis -f ogg ogg-theora.ogg
{FF} -ss 20 -i ogg-vorbis.ogg -c copy -copyts ogg-cut-from-the-middle.ogg
{FF} -i base.wav -c:a aac m4a-aac.m4a
{FF} -i base.wav -c:a aac -movflags +faststart m4a-faststart.m4a
{FF} -i base.wav -c:a alac m4a-alac.m4a
{FF} -i base.wav -c:a aac -movflags frag_keyframe+empty_moov -frag_duration 1000000 m4a-fragments.m4a
{FF} -i base.wav -c:a aac -movflags +dash -f mp4 m4a-dash.m4a
{FF} -i base.wav -c:a aac -f ismv m4a-smooth-streaming.m4a
{FF} -i base.wav -c:a aac -f mov m4a-quicktime.m4a
{FF} -i m4a-aac.m4a -i cover.png -map 0 -map 1 -c copy -disposition:v:0 attached_pic m4a-large-cover.m4a
{FF} -f lavfi -i testsrc=d=37:s=160x120:r=5 -i base.wav -c:v mpeg4 -c:a aac -f mp4 m4a-with-video.m4a
{FF} -ss 10 -i m4a-aac.m4a -c copy m4a-cut-from-the-middle.m4a
sox base.wav -e gsm-full-rate -r 8000 -c 1 wav-gsm.wav
{FF} -i base.wav -c:a libmp3lame -q:a 5 -f wav wav-mp3.wav
sox base.wav -c 6 wav-six-channels.wav
""" + "".join(
    f"{FF} -i base.wav -c:a {codec} wav-{codec}.wav\n"
    for codec in ("pcm_u8", "pcm_s24le", "pcm_f32le", "pcm_alaw", "pcm_mulaw", "adpcm_ima_wav", "adpcm_ms")
)
CUT = {
    "mp3-cut.mp3": ("mp3-vbr.mp3", 150_000),
    "flac-cut.flac": ("flac.flac", 900_000),
    "wav-cut.wav": ("base.wav", 10**6),
}
JOINED = {
    "mp3-joined.mp3": ("mp3-vbr.mp3", "mp3-cbr.mp3"),
    "ogg-joined.ogg": ("ogg-vorbis.ogg", "ogg-opus.ogg"),
    "flac-joined.flac": ("flac.flac", "flac.flac"),
}
SAMPLES = "mutagen==1.47.0"


@dataclass(frozen=True)
class Line:
    """What everybody says of one file, in seconds; None is not known."""

    name: str
    ffprobe: float | None
    decoded: float | None
    server: float | None
    client: float | None
    refused: bool

    @property
    def wrong(self) -> list[str]:
        """Who is off by more than a second or 5 % of what was decoded."""
        judge = self.decoded
        if not judge:
            return []
        most = max(1.0, 0.05 * judge)
        said = {"server": self.server, "client": self.client}
        return [who for who, length in said.items() if length and abs(length - judge) > most]


def make(directory: Path) -> None:
    """All files of the corpus that the tools at hand can make."""
    missing = {words[0] for line in RECIPES.strip().splitlines() if not shutil.which((words := shlex.split(line))[0])}
    if missing:
        print(f"not installed, so that less is made: {', '.join(sorted(missing))}", file=sys.stderr)
    for line in RECIPES.strip().splitlines():
        words = shlex.split(line)
        if words[0] not in missing:
            subprocess.run(words, cwd=directory, check=False, capture_output=True)
    for name, (source, size) in CUT.items():
        if (directory / source).exists():
            (directory / name).write_bytes((directory / source).read_bytes()[:size])
    for name, parts in JOINED.items():
        if all((directory / part).exists() for part in parts):
            (directory / name).write_bytes(b"".join((directory / part).read_bytes() for part in parts))
    if (directory / "base.wav").exists():
        whole = (directory / "base.wav").read_bytes()
        at = whole.index(b"data") + 4
        for name, claimed in (("zero", bytes(4)), ("all-ones", b"\xff" * 4)):
            (directory / f"wav-size-{name}.wav").write_bytes(whole[:at] + claimed + whole[at + 4 :])


def fetch_samples(directory: Path) -> None:
    """The audio of mutagen's own tests."""
    words = ("-m", "pip", "--disable-pip-version-check", "--quiet", "download", "--no-deps", "--no-binary", ":all:")
    done = subprocess.run([sys.executable, *words, "--dest", str(directory), SAMPLES], check=False, capture_output=True)
    archives = list(directory.glob("mutagen-*.tar.gz"))
    if done.returncode or not archives:
        print("mutagen's samples could not be fetched", file=sys.stderr)
        return
    with tarfile.open(archives[0]) as archive:
        for member in archive.getmembers():
            data = archive.extractfile(member) if member.name.endswith(SUFFIXES) else None
            if data is not None:
                (directory / f"mutagen-{Path(member.name).name}").write_bytes(data.read())


def look(path: Path) -> Line:
    """Ask everybody about one file."""
    suffix = path.suffix.lower()
    with path.open("rb") as file:
        refused = signature.fault(file, path.stat().st_size, suffix) is not None
        length_s = read_embedded(file, suffix).length_s
    return Line(path.name, _ffprobe(path), _decoded(path), probe(path, suffix[1:]).length_s, length_s or None, refused)


def table(lines: list[Line]) -> Iterator[str]:
    """One row a file."""
    yield f"{'file':44} {'ffprobe':>9} {'decoded':>9} {'server':>9} {'client':>9}"
    for line in lines:
        lengths = (line.ffprobe, line.decoded, line.server, line.client)
        told = " ".join(f"{'-' if length is None else f'{length:.2f}':>9}" for length in lengths)
        yield f"{line.name:44} {told}  {'refused' if line.refused else ''} {' and '.join(line.wrong)}".rstrip()


def main() -> None:
    """Make or take the files, print the table."""
    if not shutil.which("ffmpeg") or not shutil.which("ffprobe"):
        raise SystemExit("ffmpeg and ffprobe are needed: apt install ffmpeg")
    with tempfile.TemporaryDirectory() as made:
        directory = Path(sys.argv[1] if len(sys.argv) > 1 else made)
        if len(sys.argv) == 1:
            make(directory)
            fetch_samples(directory)
        lines = [look(path) for path in sorted(directory.iterdir()) if path.suffix.lower() in SUFFIXES]
    print("\n".join(table(lines)))
    wrong = [line.name for line in lines if line.wrong]
    unknown = sum(line.server is None for line in lines)
    print(f"\n{len(lines)} files, {unknown} of a length that the server does not know, {len(wrong)} wrong")
    sys.exit(bool(wrong))


def _ffprobe(path: Path) -> float | None:
    words = ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", str(path)]
    return _number(subprocess.run(words, check=False, capture_output=True, text=True).stdout.strip())


def _decoded(path: Path) -> float | None:
    words = [*FF.split(), "-progress", "-", "-i", str(path), "-map", "0:a:0", "-f", "null", "-"]
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    times = [line.partition("=")[2] for line in done.stdout.splitlines() if line.startswith("out_time_us=")]
    microseconds = _number(times[-1]) if times else None
    return None if microseconds is None else microseconds / 1e6


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


if __name__ == "__main__":
    main()
