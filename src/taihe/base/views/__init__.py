"""Pages of the ground floor: sign-in, errors, definitions, administration, health."""

from taihe.base.views.errors import bad_request, csrf_failed, fault, not_found, refused
from taihe.base.views.sign_in import locked_out

__all__ = ["bad_request", "csrf_failed", "fault", "locked_out", "not_found", "refused"]
