"""The published suites, all cases, through the functions that `taihe conformance` runs."""

import pytest

from taihe.fhir.conformance import fhirpath, sql_on_fhir
from taihe.kernel.conformance import Status


@pytest.mark.shared
def test_every_fhirpath_case_passes(shared):
    cases = list(fhirpath(shared / "conformance/fhirpath"))
    assert len(cases) == 555
    assert [case for case in cases if case.status != Status.PASSED] == []


@pytest.mark.shared
def test_every_sql_on_fhir_case_passes_in_memory(shared):
    cases = list(sql_on_fhir(shared / "conformance/sql-on-fhir"))
    assert len(cases) == 86
    assert [case for case in cases if case.status != Status.PASSED] == []
