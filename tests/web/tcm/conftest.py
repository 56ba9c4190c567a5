"""The people of medicine's page tests: 王秀英 and a TCM doctor of the hospital that treats her."""

from tests.web.medicine.conftest import doctor, person, someone

__all__ = ["doctor", "person", "someone"]
