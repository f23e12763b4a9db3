from narrows.insight import noise_controls
from narrows.model import make_corruption
from narrows.model.corruption import CORRUPTIONS


def test_every_corruption_is_offered_for_images_and_only_levels_that_it_accepts():
    assert noise_controls(images=True).keys() == CORRUPTIONS.keys()
    for images in (True, False):
        for name, control in noise_controls(images=images).items():
            assert 0 < control.usual < control.most
            assert make_corruption(name, control.most, bounded=images).level == control.most


def test_a_table_has_no_salt_and_pepper_and_noise_in_standard_deviations():
    controls = noise_controls(images=False)
    assert list(controls) == ["gaussian", "masking"]
    assert controls["gaussian"].most == 3
