"""Let `python -m shangeng_web` be the command `shangeng`."""

import sys

from shangeng_web.cli import main

sys.exit(main())
