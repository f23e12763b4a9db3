"""Arrow tables as requests and answers, and forged ones."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from narrows.apps.service.arrow_bodies import FILE, STREAM, read_arrow, write_arrow
from narrows.apps.service.request_errors import RequestError
from tests.apps.service.client import Service
from tests.apps.service.fixture_rows import arrow_rows, scores_of_the_shell

TABLE = pa.table({"a": [1, 2, 3], "b": ["x", "y", None], "c": pa.array(["u", "v", "u"]).dictionary_encode()})


def as_file(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize("name", ["mixed", "detector_mixed", "mixed_variational"])
@pytest.mark.parametrize("kind", [STREAM, FILE])
def test_arrow_tables_have_the_scores_of_the_shell_to_the_bit(
    service: Service, name: str, kind: str, tmp_path: Path
) -> None:
    wanted = scores_of_the_shell(name, tmp_path)
    body = write_arrow(arrow_rows(name)) if kind == STREAM else as_file(arrow_rows(name))
    answer = service.post(f"/models/{name}/score", body, content_type=kind)
    assert (answer.status, answer.headers["content-type"]) == (200, STREAM), answer.body
    table = pa.ipc.open_stream(answer.body).read_all()
    found = np.column_stack([column.to_numpy() for column in table.columns])
    assert np.array_equal(found.astype(wanted.dtype), wanted)


def test_json_may_be_asked_for_and_codes_are_lists(service: Service) -> None:
    body = write_arrow(arrow_rows("mixed"))
    answer = service.post("/models/mixed/encode", body, content_type=STREAM, accept="application/json")
    table = pa.ipc.open_stream(service.post("/models/mixed/encode", body, content_type=STREAM).body).read_all()
    assert [row["code"] for row in answer.json["rows"]] == table["code"].to_pylist()
    reasons = service.post("/models/mixed/explain", body, content_type=STREAM)
    assert pa.types.is_string(pa.ipc.open_stream(reasons.body).read_all()["reasons"].type)


def test_a_table_comes_back_from_stream_and_file() -> None:
    assert read_arrow(write_arrow(TABLE), 10).equals(TABLE)
    assert read_arrow(as_file(TABLE), 10).equals(TABLE)


@pytest.mark.parametrize("codec", ["zstd", "lz4"])
def test_compressed_batches_are_refused_before_they_are_unpacked(codec: str) -> None:
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=codec)
    with pa.ipc.new_stream(sink, TABLE.schema, options=options) as writer:
        writer.write_table(TABLE)
    with pytest.raises(RequestError, match="without compression"):
        read_arrow(sink.getvalue().to_pybytes(), 10)


def test_rows_that_take_no_bytes_are_counted_before_they_are_read() -> None:
    nulls = pa.table({"a": pa.nulls(50_000_000)})
    with pytest.raises(RequestError, match="at most 100,000 rows"):
        read_arrow(write_arrow(nulls), 100_000)


def test_damaged_tables_raise_nothing_else() -> None:
    body, rng = write_arrow(TABLE), np.random.default_rng(0)
    for _ in range(300):
        damaged = bytearray(body)
        for place in rng.integers(0, len(body), 3):
            damaged[place] = rng.integers(256)
        with suppress(RequestError):
            read_arrow(bytes(damaged[: rng.integers(1, len(body) + 1)]), 10)
