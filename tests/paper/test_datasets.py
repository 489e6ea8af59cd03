"""The readers of images, of files written here byte by byte."""

from __future__ import annotations

import gzip
import struct
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch


def dataset(name: str) -> Any:
    return import_module("datasets").dataset(name)


def gathered(batches: Any) -> tuple[torch.Tensor, torch.Tensor]:
    images, labels = zip(*batches, strict=True)
    return torch.cat(images), torch.cat(labels)


def test_digits() -> None:
    data = dataset("digits")
    (x, labels), (tests, answers) = gathered(data.train(0)), gathered(data.test())
    assert (x.shape, tests.shape) == ((1000, 1, 32, 32), (797, 1, 32, 32))
    assert (data.classes, data.channels, data.side) == (10, 1, 32)
    assert -1 <= x.min() < -0.99 < 0.9 < x.max() <= 1
    rows = {tuple(each.flatten().tolist()) for each in x}
    assert not any(tuple(each.flatten().tolist()) in rows for each in tests[:50])
    assert min(torch.cat([labels, answers]).bincount().tolist()) > 170


def test_every_epoch_has_its_order_and_all_images() -> None:
    data = dataset("digits")
    torch.manual_seed(1)
    first, second = gathered(data.train(0)), gathered(data.train(1))
    assert not torch.equal(first[1], second[1])
    assert torch.equal(first[0].sum((1, 2, 3)).sort()[0], second[0].sum((1, 2, 3)).sort()[0])
    torch.manual_seed(1)
    assert torch.equal(gathered(data.train(0))[0], first[0])


@pytest.mark.parametrize("zipped", [False, True])
def test_mnist(tmp_path: Path, zipped: bool) -> None:
    pixels = np.arange(3 * 28 * 28, dtype=np.uint32) * 7 % 256
    images = struct.pack(">IIII", 0x803, 3, 28, 28) + pixels.astype(np.uint8).tobytes()
    labels = struct.pack(">II", 0x801, 3) + bytes([4, 0, 9])
    for part in ("train", "t10k"):
        for name, content in (("images-idx3", images), ("labels-idx1", labels)):
            path = tmp_path / f"{part}-{name}-ubyte{'.gz' if zipped else ''}"
            path.write_bytes(gzip.compress(content) if zipped else content)
    data = dataset(f"mnist:{tmp_path}")
    x, answers = gathered(data.test())
    assert x.shape == (3, 1, 32, 32)
    assert answers.tolist() == [4, 0, 9]
    assert data.classes == 10
    assert x[1, 0, 2 + 5, 2 + 6] == pytest.approx(pixels[28 * 28 + 5 * 28 + 6] / 127.5 - 1)
    assert (x[:, :, :2] == -1).all()
    assert (x[..., -2:] == -1).all()


def test_what_is_no_idx_file(tmp_path: Path) -> None:
    for part in ("train", "t10k"):
        for name in ("images-idx3", "labels-idx1"):
            (tmp_path / f"{part}-{name}-ubyte").write_bytes(b"\1\2\3\4" * 9)
    with pytest.raises(ValueError, match="IDX format"):
        dataset(f"mnist:{tmp_path}")


def test_cifar10(tmp_path: Path) -> None:
    for number in range(1, 7):
        name = f"data_batch_{number}.bin" if number < 6 else "test_batch.bin"
        rows = [
            bytes([(number + k) % 10]) + bytes([10 * number] * 1024 + [k] * 1024 + [7] * 1024)
            for k in range(4)
        ]
        (tmp_path / name).write_bytes(b"".join(rows))
    data = dataset(f"cifar10:{tmp_path}")
    x, labels = gathered(data.test())
    assert (x.shape, data.channels) == ((4, 3, 32, 32), 3)
    assert labels.tolist() == [6, 7, 8, 9]
    assert x[3, :, 9, 9].tolist() == pytest.approx([60 / 127.5 - 1, 3 / 127.5 - 1, 7 / 127.5 - 1])
    assert len(gathered(data.train(0))[0]) == 20


def test_a_folder_of_images(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image", reason="reads images by Pillow")
    for part in ("train", "val"):
        for label, name in enumerate(("ant", "bee")):
            place = tmp_path / part / name
            place.mkdir(parents=True)
            for k in range(3):
                colour = (255 * label, 100, 40 * k)
                image.new("RGB", (300 + 10 * k, 260), colour).save(place / f"{k}.png")
            (place / "notes.txt").write_text("no image")
    data = dataset(f"folder:{tmp_path}")
    x, labels = gathered(data.test())
    assert (x.shape, data.classes) == ((6, 3, 224, 224), 2)
    assert labels.tolist() == [0, 0, 0, 1, 1, 1]
    red = (torch.tensor([0.0, 1.0]) - 0.485) / 0.229
    torch.testing.assert_close(x[[0, 3], 0, 100, 50], red, rtol=1e-5, atol=1e-5)
    seen, answers = gathered(data.train(0))
    assert torch.equal((seen[:, 0].mean((1, 2)) > 0).long(), answers)


@pytest.mark.parametrize("name", ["digit", "mnist", "mnist:", "digits:x", "folder:/nowhere"])
def test_what_is_no_data(name: str) -> None:
    with pytest.raises(ValueError, match=r"is no data|has no folder"):
        dataset(name)
