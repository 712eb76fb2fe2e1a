"""Cards of the data sets that are known by name; any other TFDS name or folder works as well."""

from zoo.cards import DatasetCard

DATASETS: tuple[DatasetCard, ...] = (
    DatasetCard(
        name="digits",
        source="embedded",
        loader="zoo.data.embedded.digits:load",
        modality="image",
        task="image_classification",
        summary="1,797 handwritten digits of 8 x 8 pixels, part of scikit-learn; needs no download",
        # UCI's page states CC BY 4.0; the copy inside scikit-learn (BSD-3-Clause) states none.
        licence="CC BY 4.0 (as stated by the UCI repository)",
        homepage="https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits",
        num_classes=10,
        image_shape=(8, 8, 1),
        may_ship_weights=True,
    ),
    DatasetCard(
        name="fashion_mnist",
        source="tfds",
        loader="zoo.data.tfds:load",
        modality="image",
        task="image_classification",
        summary="70,000 gray pictures of clothes, 28 x 28 pixels (1708.07747)",
        licence="MIT",
        homepage="https://github.com/zalandoresearch/fashion-mnist",
        num_classes=10,
        image_shape=(28, 28, 1),
        may_ship_weights=True,
    ),
    DatasetCard(
        name="mnist",
        source="tfds",
        loader="zoo.data.tfds:load",
        modality="image",
        task="image_classification",
        summary="70,000 handwritten digits, 28 x 28 pixels (LeCun, Cortes, Burges 1998)",
        licence="none stated",
        homepage="http://yann.lecun.com/exdb/mnist/",
        num_classes=10,
        image_shape=(28, 28, 1),
    ),
    DatasetCard(
        name="cifar10",
        source="tfds",
        loader="zoo.data.tfds:load",
        modality="image",
        task="image_classification",
        summary="60,000 colour photographs, 32 x 32 pixels (Krizhevsky 2009)",
        licence="none stated",
        homepage="https://www.cs.toronto.edu/~kriz/cifar.html",
        num_classes=10,
        image_shape=(32, 32, 3),
    ),
)
