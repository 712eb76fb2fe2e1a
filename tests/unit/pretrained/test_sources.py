"""Weights are fetched whole from the first source that has them, or every source is named."""

import errno
import hashlib
import json
import logging
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from loopback import COMMIT, serving, sha256

from zoo.cards import FileSource, HubSource, PackageSource, UrlSource
from zoo.errors import MachineError, WeightsError
from zoo.pretrained import cache, downloads
from zoo.pretrained.sources import fetch

ROOT = Path(__file__).parents[3]
DATA = bytes(range(256)) * 4000  # about a megabyte
SHA = sha256(DATA)
OTHER = DATA[::-1]


@pytest.fixture(autouse=True)
def weights_dir(tmp_path, monkeypatch):
    """A cache, and a home of the Hub's library, of their own."""
    for name in ("ZOO_SOURCES", "ZOO_OFFLINE", "HF_HUB_OFFLINE", "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub_home"))
    monkeypatch.setenv("HF_HUB_DISABLE_TELEMETRY", "1")
    monkeypatch.setenv("ZOO_WEIGHTS_DIR", str(tmp_path / "weights"))
    return tmp_path / "weights"


@pytest.fixture
def host():
    with serving() as found:
        found.files["w.pt"] = DATA
        yield found


def leftovers(folder: Path) -> list[str]:
    """Names of files in the cache other than whole weights and records."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return [p.name for p in files if len(p.name) != 64 and p.name != "record.json"]


def refused(name, sources, **options) -> str:
    with pytest.raises(WeightsError) as caught:
        fetch(name, sources, **options)
    return str(caught.value)


# --- an address


def test_a_file_is_fetched_once_and_found_again(host, weights_dir):
    steps = []
    source = UrlSource(host.url("w.pt"), SHA)
    path = fetch("w", [source], progress=lambda done, total: steps.append((done, total)))
    assert path == weights_dir / "w" / SHA
    assert path.read_bytes() == DATA
    assert steps[0] == (0, len(DATA)) and steps[-1] == (len(DATA), len(DATA))
    assert fetch("w", [source]) == fetch("w", [source], offline=True) == path
    assert len(host.asked) == 1
    assert leftovers(weights_dir) == []
    (record,) = cache.records("w")
    assert record == cache.Record(
        SHA, len(DATA), {"kind": "url", "url": host.url("w.pt")}, pinned=True
    )


def test_a_broken_download_is_continued_in_the_same_call(host):
    host.breaks, host.cut = 1, 300_000
    assert fetch("w", [UrlSource(host.url("w.pt"), SHA)]).read_bytes() == DATA
    assert [asked[2] for asked in host.asked] == [None, "bytes=300000-"]


def test_a_broken_download_is_continued_by_the_next_call(host, weights_dir, monkeypatch):
    monkeypatch.setattr(downloads, "_TRIES", 1)
    host.breaks, host.cut = 1, 300_000
    source = UrlSource(host.url("w.pt"), SHA)
    assert f"the connection ended after 300000 of {len(DATA)}" in refused("w", [source])
    assert cache.cached("w") is None
    assert fetch("w", [source]).read_bytes() == DATA
    assert host.asked[-1][2] == "bytes=300000-"
    assert leftovers(weights_dir) == []


@pytest.mark.parametrize("change", ["the file", "no ranges", "no validator", "the file, unnoticed"])
def test_a_beginning_that_no_longer_fits_is_fetched_anew(host, weights_dir, monkeypatch, change):
    monkeypatch.setattr(downloads, "_TRIES", 1)
    host.breaks, host.cut = 1, 300_000
    host.etag = None if change == "no validator" else '"one"'
    source = UrlSource(host.url("w.pt"), sha256(OTHER) if "the file" in change else SHA)
    refused("w", [source])
    if "the file" in change:
        host.files["w.pt"] = OTHER
        host.etag = '"one"' if "unnoticed" in change else '"two"'
    host.ranges = change != "no ranges"
    assert fetch("w", [source]).read_bytes() == host.files["w.pt"]
    assert leftovers(weights_dir) == []


def test_a_shorter_file_than_the_beginning_is_fetched_anew(host, monkeypatch):
    monkeypatch.setattr(downloads, "_TRIES", 2)
    host.breaks, host.cut = 2, 300_000
    host.ranges = False
    short = b"short"
    source = UrlSource(host.url("w.pt"), sha256(short))
    refused("w", [source])
    host.ranges, host.files["w.pt"], host.etag = True, short, '"one"'
    assert fetch("w", [source]).read_bytes() == short


def test_a_wrong_digest_leaves_nothing(host, weights_dir):
    message = refused("w", [UrlSource(host.url("w.pt"), "0" * 64)])
    assert f"has the SHA-256 {SHA}" in message and "0" * 64 in message
    assert cache.cached("w") is None
    assert not (weights_dir / "w").exists()


def test_redirects_are_followed_but_not_to_other_kinds_of_address(host):
    host.redirects["moved"] = host.url("w.pt")
    assert fetch("w", [UrlSource(host.url("moved"), SHA)]).read_bytes() == DATA
    host.redirects["out"] = "file:///etc/passwd"
    assert "is not allowed" in refused("v", [UrlSource(host.url("out"))])
    host.redirects["round"] = host.url("round")
    assert "v could not be fetched" in refused("v", [UrlSource(host.url("round"))])


def test_https_is_not_given_up_for_http():
    with pytest.raises(WeightsError, match="not followed"):
        downloads._Redirects().redirect_request(
            downloads.urllib.request.Request("https://a.example/w"),
            None, 302, "", {}, "http://a.example/w",
        )  # fmt: skip


def test_a_busy_host_is_asked_again(host, monkeypatch):
    monkeypatch.setattr(downloads.time, "sleep", lambda seconds: setattr(host, "status", 200))
    host.status = 503
    assert fetch("w", [UrlSource(host.url("w.pt"), SHA)]).read_bytes() == DATA


def test_a_host_that_says_nothing_is_given_up(host, tmp_path):
    host.delay = 2.0
    with pytest.raises(WeightsError, match="timed out"):
        downloads.get_url(host.url("w.pt"), tmp_path / "part", timeout_seconds=0.2)


def test_a_file_above_the_limit_is_not_kept(host, tmp_path):
    for etag in ('"one"', None):
        host.etag = etag
        with pytest.raises(WeightsError, match="above the limit of 1000"):
            downloads.get_url(host.url("w.pt"), tmp_path / "part", max_bytes=1000)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["ftp://a/b", "data:,x", "w.pt", "http://", "javascript:1"])
def test_other_kinds_of_address_are_refused(url):
    assert "addresses are fetched" in refused("w", [UrlSource(url)])


def test_a_file_address_is_copied(tmp_path):
    (tmp_path / "a b.pt").write_bytes(DATA)
    source = UrlSource((tmp_path / "a b.pt").as_uri(), SHA)
    assert fetch("w", [source], offline=True).read_bytes() == DATA
    assert "cannot be read" in refused("v", [UrlSource((tmp_path / "none").as_uri())])


def test_every_source_is_named_with_its_reason(host, tmp_path):
    message = refused(
        "w",
        [
            UrlSource(host.url("missing")),
            UrlSource("http://127.0.0.1:9/w.pt"),
            FileSource(str(tmp_path / "none.pt")),
            UrlSource(host.url("w.pt"), "1" * 64),
            PackageSource("kerazoo-none", "1.0", "2" * 64, "w.pt", "3" * 64),
        ],
        offline=False,
    )
    lines = message.splitlines()
    assert lines[0] == "w could not be fetched. No source had it:"
    assert "HTTP 404" in lines[1]
    assert "refused" in lines[2]
    assert "none.pt" in lines[3] and "No such file" in lines[3]
    assert "1" * 64 in lines[4]
    assert "package kerazoo-none==1.0, w.pt: pip download" in lines[5]
    assert "zoo weights add w FILE" in message and "sources.toml" in message


@pytest.fixture(autouse=True)
def no_index(monkeypatch):
    """Pip asks no index of the network in these tests."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)


def test_the_next_source_is_tried(host):
    sources = [UrlSource(host.url("missing"), SHA), UrlSource(host.url("w.pt"), SHA)]
    assert fetch("w", sources).read_bytes() == DATA


def test_no_source_at_all_is_an_error():
    assert "No source is known" in refused("w", [])


@pytest.mark.parametrize("name", ["", "../w", "a/b", ".hidden", "a\0", "ends.", "x" * 200, "a b"])
def test_names_are_names_of_folders(name):
    assert "cannot be the name of a weight" in refused(name, [])


def test_a_wrong_digest_in_a_source_is_named(host):
    assert "64 hex digits" in refused("w", [UrlSource(host.url("w.pt"), "abc")])


# --- offline


@pytest.mark.parametrize("way", ["argument", "ZOO_OFFLINE"])
def test_offline_asks_no_network(host, tmp_path, monkeypatch, way):
    if way == "ZOO_OFFLINE":
        monkeypatch.setenv("ZOO_OFFLINE", "1")
    monkeypatch.setenv("HF_ENDPOINT", host.address)
    sources = [
        UrlSource(host.url("w.pt"), SHA),
        HubSource("own/repo", "w.pt", COMMIT, SHA),
        PackageSource("kerazoo-none", "1.0", "2" * 64, "w.pt", SHA),
    ]
    message = refused("w", sources, offline=way == "argument")
    assert message.count(": offline") == 3 and "--offline" in message
    assert host.asked == []
    (tmp_path / "own.pt").write_bytes(DATA)
    own = FileSource(str(tmp_path / "own.pt"), SHA)
    assert fetch("w", [*sources, own], offline=way == "argument") == tmp_path / "own.pt"


# --- digests that nobody published


def test_a_first_digest_is_recorded_and_later_ones_must_match(host, caplog):
    source = UrlSource(host.url("w.pt"))
    with caplog.at_level(logging.WARNING):
        path = fetch("w", [source])
    assert "states no digest" in caplog.text and SHA in caplog.text
    assert not cache.records("w")[0].pinned
    caplog.clear()
    assert fetch("w", [source], offline=True) == path
    assert caplog.text == ""
    host.files["w.pt"] = OTHER
    cache.remove("w")
    assert not path.exists()
    assert SHA in refused("w", [source])
    cache.remove("w", forget=True)
    assert fetch("w", [source]).read_bytes() == OTHER


def test_the_beginning_of_a_digest_is_compared(host, weights_dir, caplog):
    good = UrlSource(host.url("w.pt"), sha256_prefix=SHA[:8])
    bad = UrlSource(host.url("w.pt"), sha256_prefix="0" * 8)
    assert "expected 00000000…" in refused("w.v1", [bad])
    assert leftovers(weights_dir) == [] and cache.cached("w.v1") is None
    with caplog.at_level(logging.WARNING):
        assert fetch("w.v1", [bad, good]).read_bytes() == DATA
    assert "states only the beginning of its digest" in caplog.text
    (record,) = cache.records("w.v1")
    assert record.sha256 == SHA and not record.pinned
    assert set(record.origin) == {"kind", "url"}


def test_a_file_that_changes_where_it_is_is_noticed(tmp_path):
    path = tmp_path / "own.pt"
    path.write_bytes(DATA)
    source = FileSource(str(path))
    assert fetch("w", [source]) == fetch("w", [source]) == path
    path.write_bytes(OTHER)
    assert SHA in refused("w", [source])


# --- the cache


def test_a_damaged_file_is_noticed_and_fetched_again(host, caplog):
    source = UrlSource(host.url("w.pt"), SHA)
    path = fetch("w", [source])
    path.write_bytes(OTHER)
    with pytest.raises(WeightsError, match="damaged"):
        cache.check("w")
    assert fetch("w", [source]).read_bytes() == DATA
    path.write_bytes(DATA[:-1])
    assert "offline" in refused("w", [source], offline=True)


def test_files_are_added_listed_and_removed(tmp_path, weights_dir):
    mine = tmp_path / "mine.pt"
    mine.write_bytes(DATA)
    path = cache.add("mine.v1", mine)
    assert cache.path("mine.v1") == cache.cached("mine.v1") == fetch("mine.v1", []) == path
    assert cache.check("mine.v1").origin == {"kind": "added", "file": "mine.pt"}
    assert cache.names() == ["mine.v1"]
    unknown = UrlSource("https://127.0.0.1:9/w.pt")
    assert fetch("mine.v1", [unknown]) == path  # nothing says that it is another file
    assert "refused" in refused("mine.v1", [UrlSource("https://127.0.0.1:9/w.pt", "0" * 64)])
    assert cache.remove("mine.v1") > len(DATA)
    assert cache.cached("mine.v1") is None
    assert cache.remove("mine.v1", forget=True) > 0
    assert not (weights_dir / "mine.v1").exists()
    assert cache.remove("never") == 0
    with pytest.raises(WeightsError, match="The cache has no file of never"):
        cache.path("never")


def test_an_added_file_must_have_the_known_digest_and_be_whole(tmp_path, weights_dir):
    mine = tmp_path / "mine.pt"
    mine.write_bytes(DATA)
    with pytest.raises(WeightsError, match="has the SHA-256"):
        cache.add("w", mine, sha256="0" * 64)
    assert cache.add("w", mine, sha256=SHA.upper()).name == SHA
    (tmp_path / "index.json").write_text("{}")
    with pytest.raises(WeightsError, match="not an index of shards"):
        cache.add("v", tmp_path / "index.json")
    with pytest.raises(WeightsError, match="cannot be added"):
        cache.add("v", tmp_path / "none")
    assert leftovers(weights_dir) == []


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"format": 1, "files": [{"sha256": "../../x"}]}', '{"format": 99}']
)
def test_damaged_records_are_named(weights_dir, text):
    (weights_dir / "w").mkdir(parents=True)
    (weights_dir / "w" / "record.json").write_text(text)
    with pytest.raises(WeightsError):
        cache.records("w")


def test_the_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.delenv("ZOO_WEIGHTS_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.folder() == tmp_path / "kerazoo" / "weights"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache.folder() == Path.home() / ".cache" / "kerazoo" / "weights"


def test_a_full_disk_leaves_nothing(host, weights_dir, monkeypatch):
    full = OSError(errno.ENOSPC, "No space left on device")

    class Full:
        def __enter__(self):
            return self

        def __exit__(self, *arguments):
            return False

        def write(self, data):
            raise full

    real = Path.open

    def opened(path, mode="r", *arguments, **options):
        stream = real(path, mode, *arguments, **options)
        if path.suffix != ".part":
            return stream
        stream.close()
        return Full()

    monkeypatch.setattr(Path, "open", opened)
    with pytest.raises(MachineError, match="no space left for weights") as caught:
        fetch("w", [UrlSource(host.url("w.pt"), SHA), UrlSource(host.url("w.pt"), SHA)])
    assert "ZOO_WEIGHTS_DIR" in str(caught.value)
    assert len(host.asked) == 1  # the other source would not fit either
    assert leftovers(weights_dir) == []


def test_a_folder_that_cannot_be_written_to_is_named(host, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ZOO_WEIGHTS_DIR", str(tmp_path / "file" / "weights"))
    with pytest.raises(MachineError, match="cannot be"):
        fetch("w", [UrlSource(host.url("w.pt"), SHA)])


PULL = """
import sys
from zoo.cards import UrlSource
from zoo.pretrained.sources import fetch
print(fetch("w", [UrlSource(sys.argv[1], sys.argv[2])]))
"""


def test_two_processes_that_fetch_at_once_give_one_whole_file(host, weights_dir):
    host.delay = 1.0
    command = [sys.executable, "-c", PULL, host.url("w.pt"), SHA]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    started = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    outs = [process.communicate(timeout=120)[0].strip() for process in started]
    assert [process.returncode for process in started] == [0, 0]
    assert outs == [str(weights_dir / "w" / SHA)] * 2
    assert (weights_dir / "w" / SHA).read_bytes() == DATA
    assert len(host.asked) == 1
    assert leftovers(weights_dir) == []


def test_a_process_that_waits_too_long_says_for_whom(host, monkeypatch):
    monkeypatch.setattr(cache, "WAIT_SECONDS", 0.3)
    with cache.held("w"):
        message = refused("w", [UrlSource(host.url("w.pt"), SHA)])
    assert f"process {os.getpid()}" in message
    assert host.asked == []


def test_a_killed_download_is_continued(host, weights_dir):
    host.breaks, host.cut = 1, 500_000
    code = PULL.replace("print(", "import os; from zoo.pretrained import downloads\n"
                        "downloads.time.sleep = lambda seconds: os._exit(9)\nprint(")  # fmt: skip
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, host.url("w.pt"), SHA]
    assert subprocess.run(command, env=environment, timeout=120).returncode == 9
    assert cache.cached("w") is None
    assert fetch("w", [UrlSource(host.url("w.pt"), SHA)]).read_bytes() == DATA
    assert host.asked[-1][2] == "bytes=500000-"
    assert leftovers(weights_dir) == [".lock"] or leftovers(weights_dir) == []


# --- the Hugging Face Hub


@pytest.fixture
def hub(host, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", host.address)
    for revision in (COMMIT, "main"):
        host.files[f"own/repo/resolve/{revision}/folder/w.pt"] = DATA
    return host


def test_a_file_of_the_hub(hub, weights_dir):
    steps = []
    source = HubSource("own/repo", "folder/w.pt", COMMIT, SHA)
    path = fetch("w", [source], progress=lambda done, total: steps.append(done))
    assert path == weights_dir / "w" / SHA and path.read_bytes() == DATA
    assert cache.records("w")[0].origin == {
        "kind": "hub", "repo": "own/repo", "file": "folder/w.pt", "revision": COMMIT,
    }  # fmt: skip
    assert steps and steps[-1] == len(DATA)
    asked = len(hub.asked)
    assert fetch("w", [source]) == path
    assert len(hub.asked) == asked
    assert leftovers(weights_dir) == []


def test_what_the_hub_lacks_or_gives_wrongly_is_named(hub, weights_dir):
    assert "EntryNotFound" in refused("w", [HubSource("own/repo", "none.pt", COMMIT)])
    assert SHA in refused("w", [HubSource("own/repo", "folder/w.pt", COMMIT, "0" * 64)])
    assert "w could not be fetched" in refused("w", [HubSource("../../etc", "passwd", "main")])
    assert leftovers(weights_dir) == []


def test_a_full_disk_ends_a_download_from_the_hub(hub, weights_dir, monkeypatch):
    import huggingface_hub

    def full(*arguments, local_dir, **options):
        local_dir.mkdir(parents=True)
        (local_dir / "a.incomplete").write_bytes(b"half")
        raise RuntimeError("cannot write") from OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", full)
    with pytest.raises(MachineError, match="no space left for weights"):
        fetch("w", [HubSource("own/repo", "folder/w.pt", COMMIT, SHA)])
    assert leftovers(weights_dir) == []


OFFLINE_HUB = """
import sys
from zoo.cards import HubSource
from zoo.pretrained.sources import fetch
sys.argv.pop(0)
commit, digest, offline = sys.argv
print(fetch("w", [HubSource("own/repo", "folder/w.pt", commit, digest)], offline=offline == "yes"))
"""


def test_a_file_in_the_hubs_own_cache_needs_no_network(hub, tmp_path, weights_dir):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    code = f"""
import huggingface_hub
huggingface_hub.hf_hub_download("own/repo", "folder/w.pt", revision="{COMMIT}")
"""
    command = [sys.executable, "-c", code]
    subprocess.run(command, env=environment, check=True, timeout=120, capture_output=True)
    asked = len(hub.asked)
    for offline, more in (("yes", {}), ("no", {"HF_HUB_OFFLINE": "1"})):
        command = [sys.executable, "-c", OFFLINE_HUB, COMMIT, SHA, offline]
        result = subprocess.run(
            command, env=environment | more, timeout=120, capture_output=True, text=True
        )
        assert result.stdout.strip() == str(weights_dir / "w" / SHA), result.stderr
        cache.remove("w", forget=True)
    assert len(hub.asked) == asked


# --- packages


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """A wheel in the folder where pip looks; its set-up must never run."""
    folder = tmp_path / "index"
    folder.mkdir()
    path = folder / "own_weights-1.2-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("own_weights/data/w.pt", DATA)
        file.writestr("own_weights/__init__.py", "raise SystemExit('imported')")
        file.writestr("../../outside.pt", DATA)
        info = "own_weights-1.2.dist-info"
        file.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: own-weights\nVersion: 1.2\n"
                      "Requires-Dist: a-package-that-does-not-exist\n")  # fmt: skip
        file.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return path


def source_of(wheel, **changes):
    values = {
        "package": "own-weights",
        "version": "1.2",
        "wheel_sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
        "member": "own_weights/data/w.pt",
        "sha256": SHA,
    }
    return PackageSource(**values | changes)


def test_a_member_of_a_wheel(wheel, weights_dir, tmp_path):
    before = set(tmp_path.iterdir())
    path = fetch("w", [source_of(wheel)])
    assert path == weights_dir / "w" / SHA and path.read_bytes() == DATA
    assert leftovers(weights_dir) == []
    assert set(tmp_path.iterdir()) - before == {weights_dir}
    fetch("v", [source_of(wheel, member="../../outside.pt")])
    assert set(tmp_path.iterdir()) - before == {weights_dir}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"wheel_sha256": "0" * 64}, "the wheel own_weights-1.2"),
        ({"sha256": "0" * 64}, "has the SHA-256"),
        ({"member": "own_weights/none.pt"}, "has no own_weights/none.pt"),
        ({"version": "9.9"}, "pip download"),
        ({"package": "--help"}, "is not a package"),
        ({"package": "own-weights @ file:///etc"}, "is not a package"),
        ({"version": "1.2; python_version"}, "is not a package"),
        ({"wheel_sha256": "abc"}, "sha256 of the wheel"),
    ],
    ids=str,
)
def test_other_wheels_are_refused(wheel, weights_dir, changes, reason):
    assert reason in refused("w", [source_of(wheel, **changes)])
    assert not (weights_dir / "w").exists()


def test_a_source_distribution_is_not_built(wheel, tmp_path):
    wheel.rename(wheel.with_name("own-weights-1.2.tar.gz"))
    assert "pip download" in refused("w", [source_of(wheel.with_name("own-weights-1.2.tar.gz"))])


def test_a_member_above_the_limit_is_not_extracted(wheel, tmp_path):
    with pytest.raises(WeightsError, match="above the limit"):
        downloads.get_package(source_of(wheel), tmp_path / "part", max_bytes=1000)
    assert not (tmp_path / "part").exists()


# --- sources of the user


def mirror(weights_dir, text) -> None:
    weights_dir.mkdir(parents=True, exist_ok=True)
    (weights_dir / "sources.toml").write_text(text)


def test_a_mirror_of_the_user_is_tried_first(host, weights_dir):
    host.files["mirror.pt"] = DATA
    mirror(weights_dir, f'[["w.v1"]]\nurl = "{host.url("mirror.pt")}"\nsha256 = "{SHA}"\n')
    assert fetch("w.v1", [UrlSource(host.url("w.pt"), SHA)]).read_bytes() == DATA
    assert [asked[1] for asked in host.asked] == ["mirror.pt"]


def test_all_kinds_of_sources_in_another_file(monkeypatch, tmp_path):
    from zoo.pretrained.mirrors import mirrors

    path = tmp_path / "own.toml"
    path.write_text(
        f"""
["one"]
path = "files/w.pt"
sha256 = "{SHA.upper()}"

[["more.v1"]]
repo = "own/repo"
file = "w.pt"
revision = "{COMMIT}"
sha256 = "{SHA}"

[["more.v1"]]
package = "own-weights"
version = "1.2"
wheel_sha256 = "{SHA}"
member = "w.pt"
sha256 = "{SHA}"
"""
    )
    monkeypatch.setenv("ZOO_SOURCES", str(path))
    assert mirrors() == {
        "one": (FileSource(str(tmp_path / "files/w.pt"), SHA),),
        "more.v1": (
            HubSource("own/repo", "w.pt", COMMIT, SHA),
            PackageSource("own-weights", "1.2", SHA, "w.pt", SHA),
        ),
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('["w"]\nurl = "https://a/b"', "lacks sha256"),
        ('["w"]\nurl = "https://a/b"\nsha256 = "1"', "64 hex digits"),
        (f'["w"]\nurl = "https://a/b"\nsha256 = "{SHA}"\nx = "1"', "has unknown x"),
        (f'["w"]\nurl = "https://a/b"\npath = "c"\nsha256 = "{SHA}"', "one of repo, url"),
        (f'["w"]\nrepo = "a/b"\nsha256 = "{SHA}"', "lacks file"),
        (f'["w"]\nurl = 3\nsha256 = "{SHA}"', "is not text"),
        (f'[w.v1]\nurl = "https://a/b"\nsha256 = "{SHA}"', "quotation marks"),
        ("w = 3", "not tables"),
        ("w = ", "cannot be read"),
        ("\x00", "cannot be read"),
    ],
)
def test_mistakes_in_the_users_file_are_named(weights_dir, text, reason):
    mirror(weights_dir, text)
    message = refused("other", [])
    assert reason in message and "sources.toml" in message


def test_a_named_file_of_sources_must_exist(monkeypatch, tmp_path):
    monkeypatch.setenv("ZOO_SOURCES", str(tmp_path / "none.toml"))
    assert "which ZOO_SOURCES names" in refused("w", [])


def test_nothing_of_this_needs_keras():
    code = """
import sys
import zoo.pretrained.sources, zoo.pretrained.readers
loaded = {"keras", "tensorflow", "torch", "huggingface_hub"} & set(sys.modules)
sys.exit(f"loaded {loaded}" if loaded else 0)
"""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    result = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)
    assert result.returncode == 0, result.stderr


def test_records_hold_no_dates(host):
    fetch("w", [UrlSource(host.url("w.pt"), SHA)])
    document = json.loads((cache.folder() / "w" / "record.json").read_text())
    assert set(document) == {"format", "files"}
    assert set(document["files"][0]) == {"sha256", "size_bytes", "origin", "pinned"}


def test_a_hub_without_an_address_is_told_at_once(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_ENDPOINT", "https://no-such-host.invalid")
    for name in (
        "http_proxy",
        "https_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(WeightsError, match=r"no-such-host\.invalid cannot be reached"):
        downloads.get_hub(HubSource("timm/nothing", "model.safetensors"), tmp_path / "part")
