"""`python -m tnc` is `tnc`."""

import sys

from tnc.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
