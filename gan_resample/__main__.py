"""``python -m gan_resample`` is the command ``gan-resample``."""

import sys

from gan_resample.cli import main

sys.exit(main())
