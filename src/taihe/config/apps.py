"""The last installed app: when it is ready, everything that has to meet has met."""

from django.apps import AppConfig


class Wiring(AppConfig):
    """Connects the contexts of a site through their extension points."""

    name = "taihe.config"
    label = "wiring"

    def ready(self) -> None:
        """Wire what the site has."""
        from taihe.config import wiring

        wiring.connect()
