"""What is wrong with Discord at this moment, so that people are told of each trouble once, with its fix."""

from __future__ import annotations

from collections.abc import Callable


class Troubles:
    """Tells `told` what is new. The same words are not told twice while they are true, whichever part has met them."""

    def __init__(self, told: Callable[[str], None]) -> None:
        self._told = told
        self._standing: dict[str, str] = {}

    def stands(self, about: str) -> bool:
        """Whether something is wrong with this part."""
        return about in self._standing

    def tell(self, about: str, text: str) -> None:
        """Something is wrong with the part `about`."""
        known = text in self._standing.values()
        self._standing[about] = text
        if not known:
            self._told(text)

    def over(self, about: str) -> None:
        """It works: the same trouble would be told anew."""
        self._standing.pop(about, None)
