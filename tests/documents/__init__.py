"""The documents that are made of the code: `make docs` writes them, a test holds them against it."""
