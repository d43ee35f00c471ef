"""``python -m docpager`` is ``docpager``."""

import sys

from docpager.cli import main

if __name__ == "__main__":
    sys.exit(main())
