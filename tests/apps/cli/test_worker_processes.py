import pytest

from narrows.apps.cli import main
from narrows.apps.cli.worker_processes import n_local_workers, rank_and_size


@pytest.fixture
def launched(monkeypatch):
    def launch(rank: object, size: object) -> None:
        given = {"RANK": rank, "WORLD_SIZE": size, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"}
        for name, value in given.items():
            monkeypatch.setenv(name, str(value))

    return launch


def test_a_launcher_gives_the_rank_by_all_four_variables(launched, monkeypatch):
    launched(2, 4)
    assert rank_and_size() == (2, 4)
    monkeypatch.delenv("MASTER_PORT")
    assert rank_and_size() == (0, 1)
    launched("first", 4)
    assert rank_and_size() == (0, 1)


def test_a_launcher_gives_the_number_of_its_processes_on_this_machine(launched, monkeypatch):
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    assert n_local_workers() == 1  # a variable alone is no launcher
    launched(1, 8)
    assert n_local_workers() == 4
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "many")
    assert n_local_workers() == 1
    monkeypatch.delenv("LOCAL_WORLD_SIZE")
    assert n_local_workers() == 1


def test_of_a_command_that_does_not_train_together_only_the_first_process_does_the_work(launched, capfd):
    launched(1, 3)
    assert main(["data", "list"]) == 0
    assert capfd.readouterr() == ("", "")
    launched(0, 3)
    assert main(["data", "list"]) == 0
    out, err = capfd.readouterr()
    assert out
    assert err == "narrows data runs in one process; the other 2 do nothing.\n"
