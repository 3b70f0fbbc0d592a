"""``python -m rescind`` is ``rescind``."""

from rescind.cli import main

raise SystemExit(main())
