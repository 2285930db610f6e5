# SPDX-License-Identifier: Apache-2.0
"""What the emulated Pi's host side does without an emulator."""

import json
import socket
import threading
from pathlib import Path

import pytest

from system.emulated import asking, cache, report
from system.emulated.qmp import Monitor
from system.emulated.scenarios import SCENARIOS

_VISIT = '{"event":"visit","identity":"a","ended":{"boot_id":"b","monotonic":1.5}}'


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own."""
    monkeypatch.setenv("PASSERBY_EMULATE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_a_part_is_made_once_and_again_when_what_it_is_made_of_changes(kept: Path) -> None:
    calls = []

    def make(folder: Path) -> None:
        calls.append(folder)
        (folder / "it").touch()

    first = cache.made("part", "one", make)
    assert cache.made("part", "one", make) == first
    second = cache.made("part", "two", make)
    assert len(calls) == 2
    assert (second / "it").exists()
    assert not first.exists()


def test_what_failed_half_way_is_made_anew(kept: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise cache.NotHereError("no network")

    with pytest.raises(cache.NotHereError):
        cache.made("part", "one", fail)
    made = cache.made("part", "one", lambda folder: (folder / "it").touch())
    assert [path.name for path in made.iterdir()] == ["it"]


def test_the_key_tells_contents_and_names_but_no_byte_code(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    before = cache.key("text", tmp_path)
    (tmp_path / "b.pyc").write_text("compiled")
    assert cache.key("text", tmp_path) == before
    (tmp_path / "a").rename(tmp_path / "c")
    assert cache.key("text", tmp_path) != before
    assert cache.key("other", tmp_path) != cache.key("text", tmp_path)


def test_a_missing_program_is_said() -> None:
    with pytest.raises(cache.NotHereError, match="no-such-program is missing"):
        cache.run("no-such-program")
    with pytest.raises(cache.NotHereError, match="sh failed: broken"):
        cache.run("sh", "-c", "echo broken >&2; exit 1")


def test_visits_are_read_off_a_serial_line_as_far_as_they_are_whole() -> None:
    said = (
        f"[  1.0] passerby[300]: {_VISIT}\r\nsystemd[1]: Started.\n[  2.0] passerby: {_VISIT[:40]}"
    )
    assert asking.identities(asking.visits(said)) == {"a"}


def test_the_report_tells_what_failed(tmp_path: Path) -> None:
    outcomes = [
        report.Outcome("good", "It goes well.", 12.0, figures={"boot_seconds": 3.25}),
        report.Outcome("bad", "It does not.", 4.0, "no visit\nTraceback"),
    ]
    text = report.write(tmp_path, outcomes, {"deploy_seconds": 100.04}).read_text()
    assert "| good | pass | 12 | boot seconds 3.2 |" in text
    assert "| bad | **FAIL** | 4 | no visit |" in text
    told = json.loads((tmp_path / "report.json").read_text())
    assert [one["passed"] for one in told["scenarios"]] == [True, False]
    assert told["made"] == {"deploy_seconds": 100.04}


def test_every_scenario_has_a_name_and_says_what_it_is_about() -> None:
    names = [one.name for one in SCENARIOS]
    assert len(set(names)) == len(names)
    assert all(one.about.endswith(".") for one in SCENARIOS)


def test_the_monitor_skips_events_and_fails_with_an_error(tmp_path: Path) -> None:
    answers = iter(
        ['{"return": {}}', '{"event": "STOP"}\n{"return": [1]}', '{"error": {"desc": "no disk"}}']
    )
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "m"))
        server.listen()

        def serve() -> None:
            peer, _ = server.accept()
            with peer, peer.makefile("r") as asked:
                peer.sendall(b'{"QMP": {}}\n')
                for answer in answers:
                    asked.readline()
                    peer.sendall(answer.encode() + b"\n")

        thread = threading.Thread(target=serve)
        thread.start()
        monitor = Monitor(tmp_path / "m")
        assert monitor("query-blockstats") == [1]
        with pytest.raises(AssertionError, match="no disk"):
            monitor("screendump")
        monitor.close()
        thread.join()
