"""
Settings of the zone site, 开发区协同.

`peer` of installation.json, or `TAIHE_PEER`, is the health site's address; the bearer token
that the health site issued for it lies in `keys/peer.token`. Without an address nothing is asked.
"""

import os

from taihe.config.common import site_settings
from taihe.config.site import Folder, data_folder

globals().update(site_settings("zone", ["taihe.base", "taihe.ui", "taihe.zone"]))
TAIHE_PEER = str(Folder(data_folder()).zone.facts().get("peer") or os.environ.get("TAIHE_PEER", ""))
