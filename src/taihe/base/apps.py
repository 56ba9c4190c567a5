"""The Django application of the ground floor."""

from django.apps import AppConfig


class Base(AppConfig):
    """Registers the chains that every site has: trail, access entries, workflow steps."""

    name = "taihe.base"
    label = "base"
    verbose_name = "基础"

    def ready(self) -> None:
        """Register the chains of the ground floor."""
        from taihe.base import access_log, chain, logs, trail, workflow

        chain.register(trail.CHAIN)
        chain.register(access_log.CHAIN)
        chain.register(workflow.CHAIN)
        logs.quiet_uncaught()
