"""The trimmed definitions hold all of R4 that the library promises."""

import subprocess
import sys

from taihe.fhir import definitions
from taihe.fhir.search import parameter_by_number, parameters


def test_every_pair_of_type_and_search_parameter_has_a_number_of_its_own():
    numbers = definitions.parameter_numbers()
    assert len(numbers) == 1719
    assert sorted(numbers.values()) == list(range(1, 1720))
    pairs = {(base, row.code) for row in definitions.search_parameters() for base in row.bases}
    assert pairs == set(numbers)


def test_a_numbered_pair_never_changes_its_number():
    assert definitions.parameter_numbers()["Account", "identifier"] == 1
    assert parameter_by_number(1469).code == "_id"
    assert parameters("Patient")["name"].number == parameters("Patient")["name"].number
    assert parameter_by_number(parameters("Patient")["name"].number).code == "name"


def test_the_element_table_has_every_path():
    children = sum(len(definitions.children(path)) for path in definitions.paths())
    assert len(definitions.types()) + children == 7675
    kinds = [row.kind for row in definitions.types().values()]
    assert (kinds.count("resource"), kinds.count("complex"), kinds.count("primitive")) == (
        148,
        41,
        20,
    )


def test_invariants_bindings_compartments_and_operations_are_complete():
    assert len({rule.key for rule in definitions.invariants()}) == 237
    bound = [
        element
        for path in definitions.paths()
        for element in definitions.children(path).values()
        if element.required
    ]
    assert len(bound) == 366
    assert len(definitions.value_sets()) == 224
    without = [url for url in definitions.value_sets() if definitions.value_set(url) is None]
    assert without == [
        "http://hl7.org/fhir/ValueSet/currencies",
        "http://hl7.org/fhir/ValueSet/mimetypes",
        "http://hl7.org/fhir/ValueSet/ucum-units",
        "http://loinc.org/vs/LL379-9",
    ]
    assert len(definitions.compartments()) == 6
    assert len(definitions.operations()) == 47


def test_simple_quantities_are_known():
    simple = [
        f"{path}.{element.name}"
        for path in definitions.paths()
        for element in definitions.children(path).values()
        if element.profile
    ]
    assert len(simple) == 55
    assert "Observation.referenceRange.low" in simple and "Observation.value[x]" not in simple


def test_the_definitions_are_read_only_when_asked_for():
    script = (
        "import sys, time; t = time.perf_counter(); import taihe.fhir.search, taihe.fhir.fhirpath; "
        "print(time.perf_counter() - t); "
        "from taihe.fhir import definitions; "
        "assert definitions._elements.cache_info().currsize == 0; "
        "assert 'django' not in sys.modules and 'pypinyin' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 1.0  # about 0.1 s on a quiet machine
