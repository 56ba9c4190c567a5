"""Settings of the zone site, 开发区协同."""

from taihe.config.common import site_settings

globals().update(site_settings("zone", ["taihe.base", "taihe.ui", "taihe.zone"]))
