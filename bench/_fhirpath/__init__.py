"""
FHIRPath beside fhirpathpy and fhirpath.js, and validation beside fhir.resources.

It owns the measured expressions, their resources, and how the other libraries are called. They
are installed by `make bench` (`locks/bench.txt`, and npm into `var/bench` where it is there).
"""
