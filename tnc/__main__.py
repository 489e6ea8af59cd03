"""`python -m tnc` is `tnc`: where the process begins."""

import sys


def main() -> int:
    """Run the command line. An interruption is one, too, while modules are being imported."""
    try:
        from tnc.cli.main import main as run

        return run()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return 130


if __name__ == "__main__":
    sys.exit(main())
