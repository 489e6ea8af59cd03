"""Images with classes: digits, which scikit-learn holds, and MNIST, CIFAR-10 and folders of images
such as ImageNet's for whoever has them.

| name | what is read |
|---|---|
| `digits` | 1,797 digits of 8×8, enlarged to 32×32: 1,000 to train, 797 to test |
| `mnist:DIR` | `train-images-idx3-ubyte` and its three sisters, also with `.gz` |
| `cifar10:DIR` | the *binary* version: `data_batch_1.bin` … `data_batch_5.bin`, `test_batch.bin` |
| `folder:DIR` | `train/CLASS/*.jpg` and `val/CLASS/*.jpg` (also png), by Pillow, 224×224 |
"""

from __future__ import annotations

import gzip
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn.functional import interpolate, pad

BATCH = 50
SIDE = 224
"""Of images of a folder."""
IMAGENET = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]]).view(2, 3, 1, 1)
"""Mean and standard deviation of the channels."""
ENDINGS = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}

Batch = tuple[Tensor, Tensor]


class Images:
    """Images [n, c, h, w] in memory. `moved`: by so many pixels at most they are shifted in
    training, and flipped if there are colours."""

    def __init__(self, train: Batch, test: Batch, moved: int = 0) -> None:
        self._train, self._test, self._moved = train, test, moved
        self.classes = int(train[1].max()) + 1
        self.channels, self.side = train[0].shape[1], train[0].shape[-1]

    def train(self, epoch: int) -> Iterator[Batch]:
        """The batches of an epoch, in an order drawn from PyTorch's generator."""
        x, labels = self._train
        for rows in torch.randperm(len(x)).split(BATCH):
            yield self._varied(x[rows]), labels[rows]

    def test(self) -> Iterator[Batch]:
        """What nothing is trained on."""
        yield from zip(self._test[0].split(500), self._test[1].split(500), strict=True)

    def _varied(self, x: Tensor) -> Tensor:
        if not self._moved:
            return x
        wide = pad(x, [self._moved] * 4)
        down, right = torch.randint(2 * self._moved + 1, (2,)).tolist()
        x = wide[:, :, down : down + x.shape[2], right : right + x.shape[3]]
        flipped = torch.rand(len(x), 1, 1, 1) < 0.5
        return torch.where(flipped, x.flip(3), x) if x.shape[1] == 3 else x


@dataclass(frozen=True)
class Folder:
    """Images that are read when they are needed."""

    root: Path
    channels: int = 3
    side: int = SIDE

    @property
    def classes(self) -> int:
        return len(self._names)

    def train(self, epoch: int) -> Iterator[Batch]:
        """A random part of every image, flipped or not."""
        files = self._files("train")
        random.shuffle(files)
        return self._read(files, crop=True)

    def test(self) -> Iterator[Batch]:
        """The middle of every image."""
        return self._read(self._files("val"), crop=False)

    @property
    def _names(self) -> list[str]:
        return sorted(each.name for each in (self.root / "train").iterdir() if each.is_dir())

    def _files(self, part: str) -> list[tuple[Path, int]]:
        return [
            (path, label)
            for label, name in enumerate(self._names)
            for path in sorted((self.root / part / name).iterdir())
            if path.suffix.lower() in ENDINGS
        ]

    def _read(self, files: list[tuple[Path, int]], crop: bool) -> Iterator[Batch]:
        for start in range(0, len(files), BATCH):
            some = files[start : start + BATCH]
            images = torch.stack([_image(path, crop) for path, _ in some])
            yield images, torch.tensor([label for _, label in some])


def dataset(name: str) -> Images | Folder:
    """The data of this name, as in the table above. Errors: ValueError, OSError."""
    kind, _, place = name.partition(":")
    if kind == "digits" and not place:
        return _digits()
    if kind in READERS and place:
        return READERS[kind](Path(place))
    raise ValueError(f"`{name}` is no data: digits, mnist:DIR, cifar10:DIR or folder:DIR")


def _digits() -> Images:
    pixels, classes = load_digits(return_X_y=True)
    x = torch.from_numpy(pixels).float().view(-1, 1, 8, 8) / 8 - 1
    x = interpolate(x, scale_factor=4, mode="bilinear")
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    x, labels = x[order], torch.from_numpy(classes).long()[order]
    return Images((x[:1000], labels[:1000]), (x[1000:], labels[1000:]))


def _mnist(place: Path) -> Images:
    def read(part: str) -> Batch:
        x = _idx(place / f"{part}-images-idx3-ubyte")
        labels = _idx(place / f"{part}-labels-idx1-ubyte")
        return pad(x.unsqueeze(1).float() / 127.5 - 1, [2] * 4, value=-1.0), labels.long()

    return Images(read("train"), read("t10k"))


def _idx(path: Path) -> Tensor:
    """Numbers in the IDX format: two zeros, the type, how many axes, the sizes, the numbers."""
    zipped = path.with_name(f"{path.name}.gz")
    content = path.read_bytes() if path.exists() else gzip.decompress(zipped.read_bytes())
    axes = content[3]
    if content[:3] != b"\0\0\x08":
        raise ValueError(f"{path} does not hold bytes in the IDX format")
    sizes = np.frombuffer(content, ">u4", axes, 4)
    numbers = np.frombuffer(content, np.uint8, offset=4 + 4 * axes)
    return torch.from_numpy(numbers.reshape(tuple(map(int, sizes))).copy())


def _cifar10(place: Path) -> Images:
    def read(names: list[str]) -> Batch:
        rows = np.concatenate([np.fromfile(place / name, np.uint8) for name in names])
        records = torch.from_numpy(rows.reshape(-1, 1 + 3 * 32 * 32))
        x = records[:, 1:].reshape(-1, 3, 32, 32).float() / 127.5 - 1
        return x, records[:, 0].long()

    train = read([f"data_batch_{k}.bin" for k in range(1, 6)])
    return Images(train, read(["test_batch.bin"]), moved=4)


def _folder(place: Path) -> Folder:
    for part in ("train", "val"):
        if not (place / part).is_dir():
            raise ValueError(f"{place} has no folder `{part}`")
    return Folder(place)


READERS = {"mnist": _mnist, "cifar10": _cifar10, "folder": _folder}


def _image(path: Path, crop: bool) -> Tensor:
    """An image of 224×224: its middle, or a random part of at least a quarter, perhaps flipped."""
    from PIL import Image  # only this needs Pillow

    with Image.open(path) as opened:
        image = opened.convert("RGB")
    width, height = image.size
    short = min(width, height)
    part = short * (random.uniform(0.5, 1.0) if crop else 0.875)
    left = (width - part) * (random.random() if crop else 0.5)
    top = (height - part) * (random.random() if crop else 0.5)
    box = (left, top, left + part, top + part)
    image = image.resize((SIDE, SIDE), Image.Resampling.BILINEAR, box)
    x = torch.from_numpy(np.asarray(image).copy()).movedim(2, 0).float() / 255
    x = (x - IMAGENET[0]) / IMAGENET[1]
    return x.flip(2) if crop and random.random() < 0.5 else x
