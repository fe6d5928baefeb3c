"""`python -m tests.documents`: write the documents that are made of the code."""

from __future__ import annotations

from tests.documents.pages import MADE, write

if __name__ == "__main__":
    changed = write()
    for path in MADE:
        print(f"{path.parent.name}/{path.name}: {'written' if path in changed else 'as it was'}")
