import os
import subprocess
import sys

import pytest
import torch  # noqa: F401

from narrows import machine
from narrows.machine import available_cores, cache_folder, cpu_flags, cpu_info


def test_the_cache_follows_the_users_settings(monkeypatch, tmp_path):
    monkeypatch.delenv("NARROWS_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "narrows"
    monkeypatch.setenv("NARROWS_CACHE", str(tmp_path / "own"))
    assert cache_folder() == tmp_path / "own"


@pytest.mark.parametrize(("quota", "cores"), [(None, 8), (2.0, 2), (0.5, 1), (1.5, 2), (64.0, 8)])
def test_a_quota_limits_the_cores(monkeypatch, quota, cores):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)), raising=False)
    monkeypatch.setattr(machine, "_cgroup_quota", lambda: quota)
    assert available_cores() == cores


@pytest.mark.parametrize(
    ("files", "quota"),
    [
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu.max": "150000 100000\n"}, 1.5),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({"cpu/cpu.cfs_quota_us": "200000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 2.0),
        ({"cpu.max": "nonsense"}, None),
        ({}, None),
    ],
)
def test_the_quota_is_read_in_both_versions_of_control_groups(monkeypatch, tmp_path, files, quota):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(machine, "CGROUP", tmp_path)
    assert machine._cgroup_quota() == quota


def test_the_flags_of_arm_and_of_x86_are_read(monkeypatch):
    monkeypatch.setattr(machine, "cpu_info", lambda: {"Features": "fp asimd bf16"})
    assert "bf16" in cpu_flags()
    monkeypatch.setattr(machine, "cpu_info", lambda: {"flags": "fpu avx2", "model name": "Some CPU"})
    assert cpu_flags() == {"fpu", "avx2"}
    assert machine.processor() == "Some CPU (avx2)"


def test_a_system_without_cpuinfo_has_no_fields(monkeypatch):
    cpu_info.cache_clear()
    monkeypatch.setattr(machine, "CPUINFO", machine.CPUINFO / "absent")
    assert cpu_info() == {}
    cpu_info.cache_clear()


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [({}, "10000"), ({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "ACTIVE"}, "")],
)
def test_threads_that_wait_soon_sleep_unless_the_user_has_chosen(chosen, expected):
    code = "import narrows, os; print(os.environ.get('GOMP_SPINCOUNT', ''))"
    environment = {k: v for k, v in os.environ.items() if k not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")}
    done = subprocess.run(
        [sys.executable, "-c", code], env={**environment, **chosen}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == expected


def test_nothing_is_set_once_torch_is_loaded(monkeypatch):
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    assert "torch" in sys.modules
    machine.let_threads_sleep()
    assert "GOMP_SPINCOUNT" not in os.environ
