import errno
import os
import stat
import subprocess
import sys
import threading

import pytest

from skmat._utils.atomic import atomic_file, write_atomically


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_content_is_replaced_and_nothing_else_stays(tmp_path):
    write_atomically(tmp_path / "file", b"first")
    write_atomically(tmp_path / "file", b"second")
    assert names(tmp_path) == ["file"]
    assert (tmp_path / "file").read_bytes() == b"second"


def test_others_may_read_it_as_any_other_file(tmp_path):
    (tmp_path / "usual").write_bytes(b"")
    write_atomically(tmp_path / "file", b"")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert len(modes) == 1


def test_a_failure_keeps_what_was_there(tmp_path, monkeypatch):
    write_atomically(tmp_path / "file", b"first")

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_atomically(tmp_path / "file", b"second")
    assert names(tmp_path) == ["file"]
    assert (tmp_path / "file").read_bytes() == b"first"


def test_an_error_inside_the_block_keeps_what_was_there(tmp_path):
    write_atomically(tmp_path / "file", b"first")

    def interrupted():
        with atomic_file(tmp_path / "file") as stream:
            stream.write(b"half of the second")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert names(tmp_path) == ["file"]
    assert (tmp_path / "file").read_bytes() == b"first"


def test_a_full_disk_is_reported_with_the_name_of_the_file(tmp_path):
    path = tmp_path / "file"
    with pytest.raises(OSError, match="No space left") as caught, atomic_file(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert caught.value.filename == str(path)


def test_a_folder_that_is_not_there_is_reported_with_the_name_of_the_file(tmp_path):
    path = tmp_path / "no folder" / "file"
    with pytest.raises(FileNotFoundError) as caught:
        write_atomically(path, b"")
    assert caught.value.filename == str(path)


def test_the_temporary_file_of_a_killed_writer_is_removed_by_the_next(tmp_path):
    path = tmp_path / "file"
    code = (
        "import os, sys\n"
        "from skmat._utils.atomic import atomic_file\n"
        "with atomic_file(sys.argv[1]) as stream:\n"
        "    stream.write(b'half')\n"
        "    stream.flush()\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert len(names(tmp_path)) == 1
    write_atomically(path, b"whole")
    assert names(tmp_path) == ["file"]


def test_the_temporary_file_of_a_writer_at_work_is_kept(tmp_path):
    path = tmp_path / "file"
    with atomic_file(path) as stream:
        stream.write(b"first")
        write_atomically(path, b"second")
    assert path.read_bytes() == b"first"


def test_threads_may_write_the_same_file(tmp_path):
    path = tmp_path / "file"
    contents = [bytes([i]) * 1000 for i in range(8)]
    errors = []

    def write(content):
        try:
            for _ in range(50):
                write_atomically(path, content)
        except OSError as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert names(tmp_path) == ["file"]
    assert path.read_bytes() in contents


def test_a_link_is_followed(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "file")
    write_atomically(tmp_path / "link", b"content")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_bytes() == b"content"


def test_what_is_no_regular_file_is_written_to(tmp_path):
    write_atomically("/dev/null", b"content")
    assert not os.path.isfile("/dev/null")


def test_a_name_may_be_as_long_as_the_file_system_allows(tmp_path):
    name = "x" * 255
    write_atomically(tmp_path / name, b"content")
    assert names(tmp_path) == [name]


@pytest.mark.skipif(not os.path.exists("/dev/fd"), reason="no names of open files here")
def test_a_pipe_of_the_shell_is_written_to(tmp_path):
    # Its real path, such as /proc/1/fd/pipe:[7], names no file.
    reading, writing = os.pipe()
    try:
        write_atomically(f"/dev/fd/{writing}", b"some")
        assert os.read(reading, 10) == b"some"
    finally:
        os.close(reading)
        os.close(writing)


def test_file_systems_without_locks(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")

    def refuse(*arguments):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    write_atomically(tmp_path / "a", b"one")
    write_atomically(tmp_path / "a", b"two")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"two"
