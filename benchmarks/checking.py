"""How long `tnc check` takes, its start included: `python -m benchmarks.checking`.

One text is a thousand lines of the example layers. Processor time is what is told, the least of
several runs: on a machine that does other things as well, it is nearer to the time of a quiet one.
"""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

EXAMPLES = Path(__file__).parent.parent / "examples"
LINES, RUNS = 1000, 7


def long_text() -> str:
    """The layers of the examples over and over, each time under other names."""
    bodies = [
        path.read_text(encoding="utf-8").partition("tnn 1\n")[2]
        for path in sorted(EXAMPLES.glob("*.tnn"))
        if "import" not in path.read_text(encoding="utf-8")
    ]
    text, again = "tnn 1\n", 0
    while text.count("\n") < LINES:
        again += 1
        renamed = (re.sub(r"(?m)^layer (\w+)", rf"layer \g<1>{again}", each) for each in bodies)
        text += "".join(renamed)
    return "\n".join(text.splitlines()[:LINES]).rpartition("\n}\n")[0] + "\n}\n"


def seconds(*words: str) -> float:
    """Processor time of a process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *words], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    with TemporaryDirectory() as folder:
        long = Path(folder) / "long.tnn"
        long.write_text(long_text(), encoding="utf-8")
        subjects = {
            "python -c pass": ("-c", "pass"),
            "a layer": ("-m", "tnc", "check", str(EXAMPLES / "01_cp_conv.tnn")),
            f"{long_text().count(chr(10))} lines": ("-m", "tnc", "check", str(long)),
            "std.nets": ("-m", "tnc", "check", "std.nets"),
        }
        for name, words in subjects.items():
            print(f"{name:20} {min(seconds(*words) for _ in range(RUNS)):.3f} s")


if __name__ == "__main__":
    main()
