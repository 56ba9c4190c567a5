"""Settings of the health site, 健康太和."""

from taihe.config.common import site_settings

globals().update(
    site_settings(
        "health",
        [
            "taihe.base",
            "taihe.ui",
            "taihe.record",
            "taihe.visits",
            "taihe.medicine",
            "taihe.care",
            "taihe.chronic",
            "taihe.tcm",
            "taihe.claims",
            "taihe.insight",
            "taihe.resident",
        ],
    )
)
