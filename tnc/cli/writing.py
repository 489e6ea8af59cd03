"""Writing files whole or not at all, with the reason where that is impossible."""

from __future__ import annotations

from pathlib import Path

from tnc.cli.exits import reason, unwritable
from tnc.diagnostics import Source
from tnc.diagnostics.span import universal
from tnc.driver import writing


def write_whole(path: Path, content: bytes) -> None:
    """As `tnc.driver.writing.write_whole`; Stop if it is impossible, and then nothing changed."""
    try:
        writing.write_whole(path, content)
    except OSError as error:
        raise unwritable(str(path), _why(path, error)) from None
    except ValueError as error:  # a null character in the name
        raise unwritable(str(path), str(error)) from None


def create(path: Path, content: bytes) -> None:
    """Write a file that is not there yet; Stop if it is, or cannot be written."""
    try:
        with path.open("xb") as file:
            try:
                file.write(content)
                file.flush()
            except BaseException:
                path.unlink(missing_ok=True)
                raise
    except FileExistsError:
        raise unwritable(str(path), "it is there already") from None
    except OSError as error:
        raise unwritable(str(path), _why(path, error)) from None
    except ValueError as error:  # a null character in the name
        raise unwritable(str(path), str(error)) from None


def is_same(target: Path, source: Path) -> bool:
    """Whether writing the one would lose the other, which is read."""
    return target.exists() and source.exists() and target.samefile(source)


def rewrite(source: Source, text: str) -> None:
    """Replace the text of a file, in UTF-8; Stop also where it is no longer what was read."""
    path = Path(source.name)
    try:
        present = path.read_bytes()
    except OSError as error:
        raise unwritable(source.name, reason(error)) from None
    if universal(present.decode(errors="replace")) != source.text:
        raise unwritable(source.name, "it was changed by something else meanwhile")
    write_whole(path, text.encode())


def _why(path: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError) and not path.parent.exists():
        return f"there is no folder `{path.parent}`"
    return reason(error)
