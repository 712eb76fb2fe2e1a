"""What is special about RegNet."""

import pytest

from zoo.models.image.regnet import regnet, stages_of

# 2003.13678 Tab. 8 and 9: slope, initial width, multiplier, group width, depths, widths.
PUBLISHED = {
    "X-400MF": (24.48, 24, 2.54, 16, (1, 2, 7, 12), (32, 64, 160, 384)),
    "X-3.2GF": (26.31, 88, 2.25, 48, (2, 6, 15, 2), (96, 192, 432, 1008)),
    "Y-400MF": (27.89, 48, 2.09, 8, (1, 3, 6, 6), (48, 104, 208, 440)),
    "Y-3.2GF": (42.63, 80, 2.66, 24, (2, 5, 13, 1), (72, 216, 576, 1512)),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_rule_gives_the_stages_of_the_paper(name):
    slope, initial, multiplier, group, depths, widths = PUBLISHED[name]
    found = stages_of(
        depth=sum(depths),
        initial_width=initial,
        slope=slope,
        multiplier=multiplier,
        group_width=group,
    )
    assert found == list(zip(widths, depths, strict=True))


def test_small_stem_keeps_the_size():
    model = regnet(input_shape=(28, 28, 1), depth=3, slope=8.0, multiplier=2.0, stem="small")
    assert model.output["stride_1"].shape == (None, 28, 28, 32)
    assert model.output["stride_2"].shape[1] == 14
