"""Run as `python -m app.demo` once, on an empty installation; prints what a newcomer needs, as JSON."""

import asyncio
import json
import os
import sys

from app.demo.story import load
from app.settings import Settings


def main() -> None:
    """Load the demo data of this environment and print them as one JSON object."""
    settings = Settings.read(os.environ)
    if not settings.demo:
        sys.exit("Demo data are loaded only where DEMO=yes.")
    story = asyncio.run(
        load(
            settings,
            os.environ["DEMO_CALENDAR_URL"],
            os.environ["DEMO_CALENDAR_USERS"],
            os.environ["DEMO_CALENDAR_PASSWORD"],
        )
    )
    print(json.dumps(story, ensure_ascii=False))  # noqa: T201 -- what this program is for


if __name__ == "__main__":
    main()
