"""CatBoost's target statistics: what training knew of the customers of a category.

Those of one feature are a number for each category, and are read. Those of several
features together are not.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from pgchurn.loader.boosters.forest import MOST_FEATURES, MOST_MEMBERS
from pgchurn.loader.boosters.parts import Part

# See CalcHash in CatBoost's library/cpp/containers/... multiplies what it combines.
FACTOR = 0x4906BA494954CB65
WORD = 1 << 64
SIGN = 1 << 31
LARGEST_INDEX = 1 << 31
LARGEST_COUNT = 1 << 53
MOST_STATISTICS = 100_000
MOST_CLASSES = 2
BY_CLASS = ("Borders", "Buckets")
BY_MEAN = "BinarizedTargetMeanValue"
BY_COUNT = "Counter"
ALONE = (
    "Train it with max_ctr_complexity=1, or with one_hot_max_size=255, so that each "
    "split asks for one feature."
)


@dataclass(frozen=True)
class Statistic:
    """A number for each category of a feature.

    Attributes
    ----------
    feature : int
        Among the categorical features.
    values : mapping of int to float32
        By what `key` makes of a category's hash.
    unknown : float32
        Of every other category.
    """

    feature: int
    values: Mapping[int, np.float32]
    unknown: np.float32

    def of(self, hashed: int) -> np.float32:
        """Return the number of a category."""
        return self.values.get(key(hashed), self.unknown)


def key(hashed: int) -> int:
    """Return what a target statistic calls a category with a hash."""
    signed = hashed - 2 * SIGN if hashed >= SIGN else hashed
    return FACTOR * FACTOR * signed % WORD


def read_statistics(model: Part, first: int) -> dict[int, tuple[Statistic, np.float32]]:
    """Return the statistics and borders by the numbers of their splits.

    Parameters
    ----------
    model : Part
        The whole file.
    first : int
        The number of the first such split.
    """
    information = model.member("features_info")
    if not information.has("ctrs"):
        return {}
    found: dict[int, tuple[Statistic, np.float32]] = {}
    for one in information.member("ctrs").items(MOST_STATISTICS):
        statistic = read_statistic(one, model.member("ctr_data"))
        for border in one.member("borders").doubles().astype(np.float32):
            found[first + len(found)] = statistic, border
    return found


def read_statistic(given: Part, tables: Part) -> Statistic:
    """Return one statistic with its table."""
    elements = list(given.member("elements").items(MOST_FEATURES))
    element = elements[0] if elements else given.member("elements")
    kind = element.member("combination_element")
    if len(elements) != 1 or kind.text() != "cat_feature_value":
        raise given.member("elements").refuse(
            "combine several features in one target statistic, which is not read", ALONE
        )
    feature = element.member("cat_feature_index").whole(0, LARGEST_INDEX)
    table = tables.member(given.member("identifier").text())
    counts = read_table(table)
    return Statistic(feature, *computed(given, table, counts))


def read_table(table: Part) -> dict[int, list[float]]:
    """Return the counts of each category by its key."""
    stride = table.member("hash_stride").whole(2, MOST_CLASSES + 1)
    listed = table.member("hash_map")
    items = list(listed.items(MOST_MEMBERS))
    if len(items) % stride:
        raise listed.refuse(f"is not made of {stride} values each")
    found = {}
    for i in range(0, len(items), stride):
        try:
            name = int(items[i].text())
        except ValueError:
            raise items[i].refuse("is no key") from None
        found[name] = [one.number() for one in items[i + 1 : i + stride]]
    return found


def computed(
    given: Part, table: Part, counts: dict[int, list[float]]
) -> tuple[dict[int, np.float32], np.float32]:
    """Return the statistic of each category, and that of every other one."""
    kind = given.member("ctr_type")
    class_ = given.member("target_border_idx").whole(0, MOST_CLASSES)
    prior = np.float32(given.member("prior_numerator").number())
    # It is spelled like that.
    weight = np.float32(given.member("prior_denomerator").number())
    shift = np.float32(given.member("shift").number())
    scale = np.float32(given.member("scale").number())

    def value(good: float, total: float) -> np.float32:
        share = (np.float32(good) + prior) / (np.float32(total) + weight)
        return np.float32((share + shift) * scale)

    width = table.member("hash_stride").whole(2, MOST_CLASSES + 1) - 1
    if kind.text() == BY_COUNT and width == 1:
        total = table.member("counter_denominator").whole(0, LARGEST_COUNT)
        return (
            {name: value(count, total) for name, (count,) in counts.items()},
            value(0, total),
        )
    if kind.text() in BY_CLASS and width == MOST_CLASSES and class_ < MOST_CLASSES:
        # Of a class, or of those above a border.
        of = (
            slice(class_, class_ + 1)
            if kind.text() == "Buckets"
            else slice(class_ + 1, None)
        )
        return (
            {name: value(sum(one[of]), sum(one)) for name, one in counts.items()},
            value(0, 0),
        )
    if kind.text() == BY_MEAN and width == MOST_CLASSES:
        return {name: value(*one) for name, one in counts.items()}, value(0, 0)
    raise kind.refuse(f"is {kind.text()} of {width} counts, which is not read", ALONE)
