"""The whole pipeline as separate processes: real files, real server, the requests counted in its access log."""

import json
import shutil
from collections import Counter
from pathlib import Path

from tests.e2e.harness import Server, picora, write_config

EXAMPLES = Path(__file__).parents[2] / "examples"
WRITES = ("POST", "PATCH", "DELETE")


def writes(before: Counter[str], after: Counter[str]) -> Counter[str]:
    return Counter({call: n for call, n in (after - before).items() if call.split()[0] in WRITES})


def sync(config: Path) -> dict[str, object]:
    done = picora("sync", "--json", config=config, within_s=120)
    assert done.returncode in (0, 1), done.stderr
    return dict(json.loads(done.stdout))


def make_notes(folder: Path, number: int) -> None:
    for i in range(number):
        path = folder / f"{i % 7}" / f"note {i}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"Note number {i}, without a heading.\n")


def test_each_change_costs_the_least_number_of_requests(tmp_path: Path, server: Server) -> None:
    notes = tmp_path / "notes"
    make_notes(notes, 120)
    for i in range(3):
        shutil.copy(notes / "0" / f"note {i * 7}.md", notes / f"twin {i}.md")
    config = write_config(tmp_path, server, [{"path": str(notes)}])

    report = sync(config)
    assert (report["files"], report["synced"], report["blocked"]) == (123, 123, 0)
    first = server.requests()
    assert writes(Counter(), first) == {"POST /v1/docs": 120}

    sync(config)
    assert writes(first, server.requests()) == {}

    for i in range(10):
        (notes / f"{i % 7}" / f"note {i}.md").write_text(f"Edited {i}\n")
    for i in range(30, 40):
        (notes / f"{i % 7}" / f"note {i}.md").rename(notes / f"renamed {i}.md")
    for i in range(50, 60):
        (notes / f"{i % 7}" / f"note {i}.md").unlink()
    report = sync(config)
    third = writes(first, server.requests())
    assert third["POST /v1/docs"] == 10
    assert third["PATCH /v1/docs/:id"] <= 10 + 2  # the twins of edited notes may take over their titles
    assert third["DELETE /v1/docs"] <= 2
    assert (report["synced"], report["deleted"]) == (113, 18)  # 10 removed, 10 replaced, 2 of which still had a twin
    assert len(server.docs()) == 112  # one pair of twins is left


def test_every_sample_is_synced_or_has_a_named_problem(tmp_path: Path, server: Server) -> None:
    for name in ("vault", "podcast"):
        shutil.copytree(EXAMPLES / name, tmp_path / name)
    config = write_config(tmp_path, server, [{"path": str(tmp_path / "vault")}, {"path": str(tmp_path / "podcast")}])
    report = sync(config)
    assert report["files"] == report["synced"]
    listed = json.loads(picora("ls", "--json", config=config).stdout)
    assert {item["state"] for item in listed} == {"synced", "ignored"}
    with server.anonymous() as anyone:
        for item in listed:
            if item["kind"] == "audio":
                answer = anyone.get(item["url"], headers={"Range": "bytes=0-3"})
                assert (answer.status_code, len(answer.content)) == (206, 4)
            elif item["state"] == "synced":
                assert anyone.get(item["url"]).status_code == (200 if item["public"] else 401)


def test_what_the_server_says_of_files_is_what_the_files_say(tmp_path: Path, server: Server) -> None:
    vault, podcast = tmp_path / "vault", tmp_path / "podcast"
    shutil.copytree(EXAMPLES / "podcast", podcast)
    vault.mkdir()
    shutil.copy(EXAMPLES / "vault/attachments/chart.png", vault / "chart.png")
    (vault / "picture.md").write_text("---\npublic: true\ntags: [a, b/c]\n---\n# With a picture\n\n![[chart.png]]\n")
    (vault / "titled.md").write_text("---\ntitle: Given title\ntags: x, y\n---\n# Heading\n")
    (vault / "plain.md").write_text("no heading\n")
    config = write_config(tmp_path, server, [{"path": str(vault), "tags": ["vault"]}, {"path": str(podcast)}])
    sync(config)
    docs = {doc["filename"]: doc for doc in server.docs()}
    assert {
        name: (doc["title"], sorted(doc["tags"]), doc["isPublic"], doc["rewrittenCount"]) for name, doc in docs.items()
    } == {
        "picture.md": ("With a picture", ["a", "b/c", "vault"], True, 1),
        "titled.md": ("Given title", ["vault", "x", "y"], False, 0),
        "plain.md": ("plain", ["vault"], False, 0),
    }
    with server.anonymous() as anyone:
        text = anyone.get(f"/v1/docs/{docs['picture.md']['id']}/raw").text
        url = text.partition("](")[2].partition(")")[0]
        assert anyone.get(url).content == (vault / "chart.png").read_bytes()
        audio = {item["filename"]: item for item in server.audio() if item["type"] == "audio"}
        mp3 = audio["01 Hello, Picora.mp3"]
        assert mp3["title"] == "Hello, Picora"
        cover = anyone.get(mp3["thumbnailUrl"])
        assert (cover.status_code, cover.headers["content-type"]) == (200, "image/jpeg")
        assert anyone.get(mp3["url"]).content == (podcast / "01 Hello, Picora.mp3").read_bytes()


def test_a_note_made_private_is_private_at_once_and_stays_so(tmp_path: Path, server: Server) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "a.md").write_text("---\npublic: true\n---\nhello\n")
    config = write_config(tmp_path, server, [{"path": str(notes)}])
    sync(config)
    old = server.docs()[0]["id"]
    with server.anonymous() as anyone:
        assert anyone.get(f"/v1/docs/{old}/raw").text == "---\npublic: true\n---\nhello\n"
        (notes / "a.md").write_text("hello\n")
        sync(config)
        (new,) = server.docs()
        assert new["isPublic"] is False
        assert anyone.get(f"/v1/docs/{new['id']}/raw").status_code == 401
        assert anyone.get(f"/v1/docs/{old}/raw").status_code in (401, 404)
        sync(config)
        assert [doc["isPublic"] for doc in server.docs()] == [False]


def test_a_private_folder_leaves_no_audio_public(tmp_path: Path, server: Server) -> None:
    podcast = tmp_path / "podcast"
    shutil.copytree(EXAMPLES / "podcast", podcast)
    config = write_config(tmp_path, server, [{"path": str(podcast), "visibility": "private"}])
    sync(config)
    audio = [item for item in server.audio() if item["type"] == "audio"]
    assert [item["isPublic"] for item in audio] == [False] * 5
    with server.anonymous() as anyone:
        assert {anyone.get(item["url"]).status_code for item in audio} == {401}


def test_a_folder_that_is_renamed_keeps_its_objects_and_what_happens_in_it_counts(
    tmp_path: Path, server: Server
) -> None:
    make_notes(tmp_path / "old", 14)
    before = write_config(tmp_path, server, [{"path": str(tmp_path / "old"), "visibility": "public"}])
    sync(before)
    first = server.requests()
    (tmp_path / "old").rename(tmp_path / "new")
    config = write_config(tmp_path, server, [{"path": str(tmp_path / "new"), "visibility": "public"}])
    assert sync(config)["files"] == 14
    assert writes(first, server.requests()) == {}

    (tmp_path / "new/0/note 0.md").unlink()
    (tmp_path / "new/1/note 1.md").write_text("---\npublic: false\n---\nNote number 1, now private.\n")
    sync(config)
    public = {item["title"] for item in server.docs() if item["isPublic"]}
    assert {"note 0", "note 1"} & public == set()
    assert len(server.docs()) == 13
