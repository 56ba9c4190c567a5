"""The Django application of the ground floor."""

from django.apps import AppConfig


class Base(AppConfig):
    """Registers the chains that every site has: its trail and its access entries."""

    name = "taihe.base"
    label = "base"
    verbose_name = "基础"

    def ready(self) -> None:
        """Register the chains and system checks of the ground floor."""
        from taihe.base import access_log, chain, logs, trail

        chain.register(trail.CHAIN)
        chain.register(access_log.CHAIN)
        logs.quiet_uncaught()
