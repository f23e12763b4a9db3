from __future__ import annotations

import re
from xml.etree import ElementTree

import pandas as pd

from narrows.training import Epoch, History

HISTORY = History(
    Epoch(
        i,
        10 / i,
        {"reconstruction": 8 / i, "kl": 2 / i},
        11 / i if i != 12 else 0.5,
        {"reconstruction": 9 / i, "kl": 2},
    )
    for i in range(1, 21)
)


def test_a_history_is_a_list_and_a_table() -> None:
    table = pd.DataFrame(HISTORY.to_dict())
    assert isinstance(HISTORY, list)
    assert table["loss"].tolist() == [epoch.loss for epoch in HISTORY]
    assert table["parts: kl"].tolist() == [epoch.parts["kl"] for epoch in HISTORY]
    assert table["validation_parts: reconstruction"].iloc[1] == 4.5


def test_a_notebook_shows_the_curve_and_the_best_epoch_in_bold() -> None:
    shown = HISTORY._repr_html_()
    assert "20 epochs" in shown
    assert "lowest held-out loss in epoch 12" in shown
    bold = re.findall(r"<tr style=font-weight:bold><td>(\d+)</td>", shown)
    assert bold == ["12"]
    svg = ElementTree.fromstring(re.search(r"<svg.*</svg>", shown, re.DOTALL)[0])  # pyright: ignore[reportOptionalSubscript]
    lines = svg.findall("polyline")
    assert [len(line.get("points", "").split()) for line in lines] == [20, 20]
    assert shown.count("<tr") <= 12


def test_no_epoch_one_epoch_and_no_held_out_rows_are_shown_too() -> None:
    assert "No epoch" in History()._repr_html_()
    one = History([Epoch(1, 3.0, {"reconstruction": 3.0}, None)])
    assert "<td>3</td>" in one._repr_html_()
    assert "held-out" not in one._repr_html_()


def test_a_held_out_line_stands_over_its_own_epochs() -> None:
    history = History(Epoch(i, 10.0 - i, {"a": 10.0 - i}, None if i < 6 else 9.0 - i) for i in range(1, 10))
    lines = re.findall(r'<polyline points="([^"]+)"', history._repr_html_())
    starts = [float(line.split(",")[0]) for line in lines]
    assert starts == [0.0, 360 * 5 / 8]
