"""Requests to a service and its answers, which equal those of the shell."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import narrows
from narrows.apps.service.routes import Limits
from narrows.apps.web.access import AccessPolicy
from tests.apps.service.client import SAVED, Service, named, saved, serving
from tests.apps.service.conftest import MODELS
from tests.apps.service.fixture_rows import records, scores_of_the_shell

OF_RECORDS = [name for name in MODELS if name != "csv_german"]


def scores(answer) -> np.ndarray:
    assert answer.status == 200, answer.body
    return np.array([list(row.values()) for row in answer.json["rows"]])


@pytest.mark.parametrize("name", OF_RECORDS)
def test_scores_equal_those_of_the_shell_to_the_bit(service: Service, name: str, tmp_path: Path) -> None:
    wanted = scores_of_the_shell(name, tmp_path)
    found = scores(service.post(f"/models/{name}/score", {"rows": records(name)}))
    assert np.array_equal(found.astype(wanted.dtype), wanted)


@pytest.mark.parametrize("name", OF_RECORDS)
def test_requests_at_once_get_the_scores_that_each_gets_alone(service: Service, name: str) -> None:
    rows = [row for row in records(name) for _ in range(4)]
    alone = [service.post(f"/models/{name}/score", [row]).body for row in records(name)]
    with ThreadPoolExecutor(12) as pool:
        together = list(pool.map(lambda row: service.post(f"/models/{name}/score", [row]).body, rows))
    assert together == [body for body in alone for _ in range(4)]


def test_a_detector_of_a_table_takes_requests_together_and_one_of_images_does_not(service: Service) -> None:
    assert service.models.get("detector_mixed").together
    assert not service.models.get("detector_images").together


@pytest.mark.parametrize("name", ["mixed", "mixed_variational", "plain"])
def test_a_request_alone_equals_the_shell_on_that_row_alone(service: Service, name: str, tmp_path: Path) -> None:
    row = records(name)[3]
    if isinstance(row, dict):
        pytest.importorskip("pyarrow")
        import pyarrow.parquet as pq

        pq.write_table(pq.read_table(SAVED / name / "rows.parquet").slice(3, 1), tmp_path / "row.parquet")
        path = tmp_path / "row.parquet"
    else:
        path = tmp_path / "row.npy"
        np.save(path, np.array([row]))
    wanted = scores_of_the_shell(name, tmp_path, path)
    assert np.array_equal(scores(service.post(f"/models/{name}/score", row)).astype(wanted.dtype), wanted)


def test_codes_and_reconstructions_equal_those_of_the_model(service: Service) -> None:
    model, rows = narrows.load(saved("mixed_variational")), records("mixed_variational")
    import pandas as pd

    frame = pd.read_parquet(SAVED / "mixed_variational" / "rows.parquet")
    answer = service.post("/models/mixed_variational/encode", rows)
    assert np.array_equal(np.array([row["code"] for row in answer.json["rows"]], np.float32), model.transform(frame))
    found = service.post("/models/mixed_variational/reconstruct", rows).json["rows"]
    wanted = model.reconstruct(frame)
    assert [row["length"] for row in found] == wanted["length"].tolist()
    assert [row["kind"] for row in found] == wanted["kind"].tolist()


def test_the_reasons_of_a_detector_are_its_own(service: Service) -> None:
    import pandas as pd

    frame = pd.read_parquet(SAVED / "detector_mixed" / "rows.parquet")
    wanted = narrows.load(saved("detector_mixed")).explain(frame, n=2)
    found = service.post("/models/detector_mixed/explain?n=2", records("detector_mixed")).json["rows"]
    assert [[reason["column"] for reason in row["reasons"]] for row in found] == [
        [r.column for r in of] for of in wanted
    ]


def test_the_reasons_of_an_autoencoder_are_the_columns_of_the_largest_errors(service: Service) -> None:
    rows = np.array(records("plain"))
    errors = narrows.load(saved("plain")).reconstruction_error(rows, per_feature=True)
    for row, of_row in zip(service.post("/models/plain/explain?n=1", rows.tolist()).json["rows"], errors, strict=True):
        (reason,) = row["reasons"]
        assert reason["column"] == f"x{of_row.argmax()}"
        assert reason["share"] == pytest.approx(of_row.max() / of_row.sum(), rel=1e-5)


def test_columns_of_text_files_come_as_numbers_or_in_the_format_of_the_fit(service: Service, tmp_path: Path) -> None:
    path = SAVED / "csv_german" / "rows.csv"
    wanted = scores_of_the_shell("csv_german", tmp_path)
    lines = [line.split(";") for line in path.read_text("cp1252").splitlines()]
    texts = [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
    found = scores(service.post("/models/csv_german/score", texts))
    assert np.array_equal(found.astype(wanted.dtype), wanted)
    whole: list[dict[str, object]] = [dict(row) for row in texts]
    for row, cells in zip(whole, texts, strict=True):
        row["Größe"] = float(cells["Größe"].replace(",", ".")) if cells["Größe"][:1].isdigit() else None
        day, _, rest = cells["Kauf"].partition(".")
        month, _, year = rest.partition(".")
        row["Kauf"] = f"{year}-{month}-{day}" if year else None
    found = scores(service.post("/models/csv_german/score", whole))
    assert np.array_equal(found.astype(wanted.dtype), wanted)


@pytest.mark.parametrize(
    ("change", "column", "words"),
    [
        ({"length": "long"}, "length", "'long'"),
        ({"when": "soon"}, "when", "'soon'"),
        ({"length": [1, 2]}, "length", "a list or an object"),
        ({"length": 10**400}, "length", "above the largest float"),
        ({"length": 1e400}, "length", "infinity"),
        ({"length": None, "width": {}}, "width", "a list or an object"),
    ],
)
def test_a_cell_that_does_not_fit_is_one_sentence_with_its_column(
    service: Service, change: dict, column: str, words: str
) -> None:
    row = {**records("mixed")[0], **change}
    answer = service.post("/models/mixed/score", [row])
    assert (answer.status, answer.json["column"]) == (422, column), answer.body
    assert words in answer.json["error"]
    assert "\n" not in answer.json["error"]


def test_a_column_that_is_absent_is_named(service: Service) -> None:
    row = records("mixed")[0]
    del row["length"]
    answer = service.post("/models/mixed/score", row)
    assert answer.status == 422
    assert "'length'" in answer.json["error"]


ODD = [
    b"", b"{", b"[]", b"{}", b"null", b"3", b'"x"', b"[[]]", b"[1]", b"[null]", b'{"rows": []}', b'{"rows": 3}',
    b'{"rows": [3]}', b"[" * 100_000, b'{"a":' * 50_000, b"\xff\xfe", b'[{"length": "\\ud800"}]', b"[[1,2],[3]]",
    b"[[1e999,1,1,1,1]]", b'[["a","b","c","d","e"]]', b"[[1,2,3,4,5,6]]", b'[{"length": true}]',
    b"[" + b"9" * 5000 + b"]",
    b'{"inputs": 3}', b'{"inputs": [3]}', b'{"inputs": [{}]}', b'{"inputs": [{"name": "X", "shape": [-1]}]}',
    b'{"inputs": [{"name": "X", "shape": [1, 5], "datatype": "FP64", "data": [1]}]}',
    b'{"inputs": [{"name": "X", "shape": [1, 5], "datatype": "FP64", "data": [[1,2],3,4,5,6]}]}',
    b'{"inputs": [{"name": "X", "shape": [1, 5], "datatype": "BYTES", "data": ["a","b","c","d","e"]}]}',
    b'{"inputs": [{"name": "X", "shape": [0, 5], "datatype": "FP64", "data": []}]}',
    b'{"inputs": [{"name": "X", "shape": [1, 5], "datatype": "FP99", "data": [1,2,3,4,5]}]}',
    b'{"inputs": [{"name": "X", "shape": [5], "datatype": "FP64", "data": [1,2,3,4,5]}], "outputs": [{"name": "no"}]}',
    b'{"inputs": [], "parameters": {"output": 3}}', b'{"inputs": [], "parameters": []}',
    b'{"inputs": [], "outputs": {}}',
    b'{"inputs": [{"name": "X", "shape": [1], "datatype": "FP64", "parameters": {"binary_data_size": -1}}]}',
]  # fmt: skip


@pytest.mark.parametrize("path", ["score", "encode", "explain", "v2"])
@pytest.mark.parametrize("name", ["mixed", "plain"])
def test_no_body_gives_a_server_error(service: Service, name: str, path: str) -> None:
    address = f"/v2/models/{name}/infer" if path == "v2" else f"/models/{name}/{path}"
    for body in ODD:
        for kind in ("application/json", "application/vnd.apache.arrow.stream"):
            answer = service.post(address, body, content_type=kind)
            assert answer.status == 422, (body[:80], answer.body)
            assert answer.json["error"].endswith((".", ")")), answer.body


def test_unknown_addresses_and_models_are_404(service: Service) -> None:
    assert service.get("/nowhere").status == 404
    assert service.post("/models/nobody/score", []).status == 404
    assert service.get("/v2/models/nobody").status == 404
    answer = service.post("/score", [])
    assert (answer.status, "several models" in answer.json["error"]) == (404, True)
    assert service.post("/score?model=plain", records("plain")).status == 200
    assert service.get("/models/plain/score").status == 405


def test_the_description_has_an_example_that_every_model_accepts(service: Service) -> None:
    described = service.get("/openapi.json").json
    assert described["openapi"] == "3.1.0"
    assert len(described["paths"]) > 3 * len(MODELS)
    for path, methods in described["paths"].items():
        if "post" in methods:
            example = methods["post"]["requestBody"]["content"]["application/json"]["example"]
            answer = service.post(path, example)
            assert answer.status == 200, (path, answer.body)
            if path.endswith("/infer"):
                assert all(output["shape"][0] == 1 for output in answer.json["outputs"])
            else:
                assert len(answer.json["rows"]) == 1
        else:
            assert service.get(path).status == 200, path


def test_the_description_lists_every_address(service: Service) -> None:
    paths = service.get("/openapi.json").json["paths"]
    assert "/openapi.json lists them" in service.get("/nowhere").json["error"]
    of_service = {"/", "/openapi.json", "/metrics", "/v2", "/v2/health/live", "/v2/health/ready"}
    of_models = {f"/v2/models/{name}{rest}" for name in MODELS for rest in ("", "/ready", "/infer")}
    operations = {f"/models/{served.name}/{one}" for served in service.models for one in served.operations}
    assert paths.keys() == of_service | of_models | operations


def test_one_model_needs_no_name(tmp_path: Path) -> None:
    with serving(*named([("plain", "only")], tmp_path)) as service:
        assert service.post("/score", records("plain")).json["model"] == "only"
        assert service.get("/").json["models"] == ["only"]


def test_a_large_body_and_too_many_rows_are_413(tmp_path: Path) -> None:
    with serving(*named([("plain", "m")], tmp_path), limits=Limits(body=2 << 20)) as service:
        answer = service.post("/score", b" " * (2 << 20) + b"[]")
        assert answer.status == 413
        assert "2 MB" in answer.json["error"]
        answer = service.post("/score", [[0] * 5] * 80_000)
        assert answer.status == 200
        assert len(answer.json["rows"]) == 80_000
        answer = service.post("/score", [[]] * 100_001)
        assert answer.status == 413
        assert "100,000 rows" in answer.json["error"]
        answer = service.post("/score", b"[]", content_encoding="gzip")
        assert answer.status == 415


def test_more_than_it_takes_is_503_with_a_time_to_come_again(tmp_path: Path) -> None:
    row = records("plain")[0]
    with serving(*named([("plain", "m")], tmp_path), limits=Limits(wait=1e-9, always=1)) as service:
        served = service.models.get("m")
        entered, go_on = threading.Event(), threading.Event()
        add = served.watch.add

        def slowly(*arguments) -> None:
            entered.set()
            assert go_on.wait(60)
            add(*arguments)

        assert service.post("/score", row).status == 200  # measures how long one takes
        served.watch.add = slowly  # type: ignore[method-assign]
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(service.post, "/score", row)
            assert entered.wait(60)
            for body in (row, b"[" * 60_000):  # refused before it is read
                answer = service.post("/score", body)
                assert (answer.status, answer.headers["retry-after"]) == (503, "1")
                assert "again" in answer.json["error"]
            assert service.get("/v2/health/live").status == 200
            assert (
                'requests_total{model="m",operation="score",status="503"} 2.0' in service.get("/metrics").body.decode()
            )
            go_on.set()
            assert waiting.result().status == 200
        assert service.post("/score", row).status == 200


def test_metrics_count_requests_and_watch_the_last_rows(tmp_path: Path) -> None:
    models = named([("detector_mixed", "detector"), ("plain", "plain")], tmp_path)
    with serving(*models) as service:
        rows, found = records("detector_mixed"), []
        for _ in range(6):
            found = service.post("/models/detector/score", rows).json["rows"]
        service.post("/models/plain/score", [[1]])
        text = service.get("/metrics").body.decode()
        n = 6 * len(rows)
        assert 'narrows_requests_total{model="detector",operation="score",status="200"} 6.0' in text
        assert 'narrows_requests_total{model="plain",operation="score",status="422"} 1.0' in text
        assert f'narrows_rows_total{{model="detector",operation="score"}} {n}.0' in text
        assert f'narrows_watched_rows{{model="detector"}} {n}.0' in text
        alarms = sum(row["anomaly"] for row in found) / len(rows)
        assert value(text, 'narrows_alarm_share{model="detector"}') == pytest.approx(alarms)
        model = narrows.load(models[0])
        learned = [model.schema_.feature_names[i] for i in model.schema_.learned_columns]
        gaps = np.mean([[row[name] is None for name in learned] for row in rows])
        assert value(text, 'narrows_missing_share{model="detector"}') == pytest.approx(gaps)
        assert "narrows_reload_failures 0.0" in text


def value(text: str, series: str) -> float:
    (line,) = [line for line in text.splitlines() if line.startswith(series + " ")]
    return float(line.rpartition(" ")[2])


def test_the_drift_in_the_metrics_is_that_of_narrows_drift(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal([0, 0, 3, 0, 0], size=(200, 5))
    reference = tmp_path / "fit.npy"
    np.save(reference, rng.normal(size=(400, 5)))
    with serving(*named([("plain", "m")], tmp_path), reference=str(reference)) as service:
        assert "narrows_drift{" not in service.get("/metrics").body.decode()
        service.post("/score", rows.tolist())
        text = service.get("/metrics").body.decode()
    from narrows.insight import drift

    wanted = drift(narrows.load(saved("plain")), rows, reference=np.load(reference))
    for column in wanted.columns:
        found = value(text, f'narrows_drift{{column="{column.column}",model="m"}}')
        assert found == pytest.approx(column.statistic, abs=1e-9)
    assert value(text, 'narrows_score_drift{model="m"}') > 0


def test_models_are_loaded_again_and_a_bad_one_keeps_the_old(tmp_path: Path) -> None:
    import shutil

    (path,) = named([("plain", "m")], tmp_path)
    rows = records("plain")
    with serving(path) as service:
        before = scores(service.post("/score", rows))
        shutil.rmtree(path)
        service.models.reload()
        assert "the old one stays" in service.said[-1]
        assert np.array_equal(scores(service.post("/score", rows)), before)
        assert "narrows_reload_failures 1.0" in service.get("/metrics").body.decode()
        shutil.copytree(saved("tied"), path)
        service.models.reload()
        assert "was loaded again" in service.said[-1]
        assert not np.array_equal(scores(service.post("/score", rows)), before)


def test_a_token_is_needed_in_a_header_but_not_by_probes(tmp_path: Path) -> None:
    policy = AccessPolicy("0.0.0.0", "secret", any_host=True)
    with serving(*named([("plain", "m")], tmp_path), policy=policy) as service:
        for header in ({}, {"authorization": "Bearer wrong"}, {"authorization": "secret"}):
            for path in ("/", "/v2", "/metrics", "/openapi.json", "/?token=secret"):
                answer = service.get(path, **header)
                assert answer.status == 401
                assert "token" in answer.json["error"]
            assert service.post("/score", records("plain"), **header).status == 401
        assert service.get("/v2/health/live").status == 200
        assert service.get("/v2/health/ready", host="service.cluster").status == 200
        assert service.post("/score", records("plain"), authorization="Bearer secret", host="other").status == 200


def test_a_foreign_host_or_page_is_refused_without_a_token(service: Service) -> None:
    assert service.get("/v2", host="evil.example").status == 403
    assert service.post("/models/plain/score", [], origin="http://evil.example").status == 403


def test_two_models_of_one_name_are_refused(tmp_path: Path) -> None:
    from narrows.errors import SettingError

    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, second = named([("plain", "m")], tmp_path / "a"), named([("tied", "m")], tmp_path / "b")
    with pytest.raises(SettingError, match="Two models have the name 'm'"), serving(*first, *second):
        pass


def test_the_answers_are_json_without_nan(service: Service) -> None:
    answer = service.post("/models/mixed/reconstruct", records("mixed"))
    json.loads(answer.body, parse_constant=lambda name: pytest.fail(name))
