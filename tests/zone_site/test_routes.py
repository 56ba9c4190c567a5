"""Every route of the zone site says who may call it; the same tests as on the health site."""

from tests.project.test_routes import (  # noqa: F401
    test_a_route_declares_who_may_call_it,
    test_a_route_has_a_name,
    test_errors_have_our_pages,
)
