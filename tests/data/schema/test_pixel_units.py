"""Images at use in other units than at the fit."""

from __future__ import annotations

import numpy as np
import pytest

import narrows
from narrows.data import Schema, as_rows
from narrows.errors import SchemaMismatchError

R = np.random.default_rng(0)
PARTS = R.random((30, 8, 8))
UNITS = {
    "0 to 1": PARTS,
    "float 0 to 255": PARTS * 255,
    "uint8": np.rint(PARTS * 255).astype(np.uint8),
    "int64 0 to 255": np.rint(PARTS * 255).astype(np.int64),
    "12 bits": np.rint(PARTS * 4095).astype(np.uint16),
    "16 bits": np.rint(PARTS * 65535).astype(np.uint16),
}
ALIKE = [{"float 0 to 255", "uint8", "int64 0 to 255"}]
LAYOUTS = {
    "images": lambda a: a,
    "with channels": lambda a: a[..., None],
    "flat": lambda a: a.reshape(len(a), -1),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("given", UNITS)
@pytest.mark.parametrize("fitted", UNITS)
def test_other_units_are_refused_in_every_layout(fitted, given, layout):
    schema = Schema.learn(as_rows(UNITS[fitted]))
    rows = as_rows(LAYOUTS[layout](UNITS[given]))
    if fitted == given or {fitted, given} <= ALIKE[0]:
        assert schema.encode(rows).shape == (30, 64)
    elif (fitted, given) == ("16 bits", "12 bits"):  # which may be dark
        with pytest.warns(UserWarning, match=r"pixels up to .* if they are in other units"):
            schema.encode(rows)
    else:
        with pytest.raises(SchemaMismatchError, match=r"pixels up to .* convert them to the same units"):
            schema.encode(rows)


@pytest.mark.parametrize("fitted", UNITS)
@pytest.mark.parametrize("brightness", [0.0, 0.004, 0.1, 1.0])
def test_one_dark_or_bright_image_is_no_other_unit(fitted, brightness):
    schema = Schema.learn(as_rows(UNITS[fitted]))
    white = UNITS[fitted].max()
    one = np.full((1, 8, 8), white * brightness).astype(UNITS[fitted].dtype)
    assert schema.encode(as_rows(one)).shape == (1, 64)


def test_one_bright_image_among_dark_ones_of_the_same_type_is_no_other_unit():
    schema = Schema.learn(as_rows(np.rint(PARTS * 20).astype(np.uint8)))
    assert schema.encode(as_rows(np.full((1, 8, 8), 255, np.uint8))).shape == (1, 64)


def test_one_broken_pixel_is_no_other_unit():
    for name in ("0 to 1", "uint8", "12 bits"):
        schema = Schema.learn(as_rows(UNITS[name]))
        images = UNITS[name][:5].astype(np.float64 if name == "0 to 1" else UNITS[name].dtype)
        images[2, 3, 3] = {"0 to 1": 1e4, "uint8": 255, "12 bits": 65535}[name]
        assert schema.encode(as_rows(images)).shape == (5, 64)


def test_frames_and_rows_declared_as_images_are_refused_too():
    pd = pytest.importorskip("pandas")
    flat = UNITS["uint8"].reshape(30, -1)
    model = narrows.Autoencoder(image_shape=(8, 8), epochs=1, random_state=0).fit(flat)
    for other in (flat / 255, pd.DataFrame(flat / 255).to_numpy()):
        with pytest.raises(SchemaMismatchError, match="units"):
            model.transform(other)
    named = pd.DataFrame(flat, columns=[f"p{i}" for i in range(64)])
    model = narrows.Autoencoder(image_shape=(8, 8), epochs=1, random_state=0).fit(named)
    with pytest.raises(SchemaMismatchError, match="units"):
        model.reconstruct(named / 255)


def test_dark_images_of_eight_bits_and_their_parts_are_not_mixed_up():
    dark = np.rint(PARTS * 12).astype(np.uint8)
    with pytest.raises(SchemaMismatchError, match="units"):
        Schema.learn(as_rows(dark)).encode(as_rows(dark / 255))
    with pytest.raises(SchemaMismatchError, match="units"):
        Schema.learn(as_rows(dark / 255)).encode(as_rows(dark))
