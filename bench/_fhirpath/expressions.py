"""
The measured expressions: ten of growing difficulty, and forty that users write.

Each stands with the name of its resource in `resources.json`.
"""

TEN = (
    ("Patient", "name.given"),
    ("Patient", "Patient.name.where(use = 'official').given.first()"),
    ("Patient", "identifier.where(type.coding.code = 'MR').value"),
    ("Patient", "name.exists() and birthDate < @2000-01-01"),
    ("Observation", "component.where(code.coding.exists(code = '8480-6')).value.ofType(Quantity).value > 140"),
    ("Patient", "extension('http://taihe.test/StructureDefinition/ethnic-group').extension('code').value.code"),
    ("Claim", "item.select(quantity.value * unitPrice.value).aggregate($total + $this, 0) = total.value"),
    ("Patient", "contact.all(name.exists() or telecom.exists() or address.exists() or organization.exists())"),
    ("Questionnaire", "repeat(item).where(type != 'group' and required.empty()).linkId"),
    ("Patient", "descendants().ofType(Coding).where(system = 'http://terminology.hl7.org/CodeSystem/v2-0203').code"),
)  # fmt: skip

FORTY = (
    # Paths, indexers, unions
    ("Patient", "Patient.birthDate"),
    ("Patient", "address.line"),
    ("Patient", "name[0].given[1]"),
    ("Patient", "name.given | contact.name.given"),
    ("Observation", "(code.coding | bodySite.coding).code"),
    ("Patient", "telecom.where(system = 'phone').value.last()"),
    ("Patient", "name.skip(1).take(1).given.tail()"),
    # Types
    ("Observation", "value.exists() or component.value.exists()"),
    ("Observation", "component.value.ofType(Quantity).unit.distinct()"),
    ("Weight", "(value as Quantity).value"),
    ("Patient", "deceased is boolean and deceased = false"),
    ("QuestionnaireResponse", "repeat(item).answer.value.ofType(string)"),
    # Collections
    ("Patient", "name.given.count() > 3 and name.given.isDistinct()"),
    ("Patient", "'Jim' in name.given"),
    ("Claim", "item.diagnosisSequence.subsetOf(%resource.diagnosis.sequence)"),
    ("Observation", "status in ('final' | 'amended' | 'corrected')"),
    ("Patient", "address.exists(city = 'Taihe' and use = 'home')"),
    ("Patient", "telecom.where(use = 'mobile').exists().not()"),
    # Text
    ("Patient", "name.where(use = 'official').select(given.first() & ' ' & family)"),
    ("Patient", "name.first().family.upper().substring(0, 1)"),
    ("Patient", "telecom.value.where($this.startsWith('139') and length() = 11)"),
    ("Patient", "managingOrganization.reference.split('/').last()"),
    ("Patient", "name.given.join(', ')"),
    ("Patient", "identifier.value.where($this.matches('^[0-9]{17}[0-9X]$'))"),
    ("Patient", "generalPractitioner.reference.where(contains('Practitioner')).replace('Practitioner/', '')"),
    # Numbers, quantities, conversion
    ("Claim", "item.net.value.sum()"),
    ("Claim", "item.where(quantity.value * unitPrice.value != net.value).sequence"),
    ("Weight", "value.value / 1.75.power(2)"),
    ("Weight", "value > 70 'kg'"),
    ("Weight", "referenceRange.all(low.value <= %resource.value.value and high.value >= %resource.value.value)"),
    ("Patient", "identifier.value.first().substring(6, 4).toInteger() + 60"),
    ("Observation", "component.select(value.value.toString() & ' ' & value.unit)"),
    # Dates
    ("Patient", "birthDate + 18 years <= @2024-03-10"),
    ("Claim", "item.all(serviced.ofType(date) >= %resource.billablePeriod.start and serviced.ofType(date) <= %resource.billablePeriod.end)"),
    ("Patient", "iif(birthDate <= @1959-03-10, 'older', 'younger')"),
    # Bundles, everything below, rules
    ("Bundle", "entry.resource.ofType(Observation).where(code.coding.code = '29463-7').value.value"),
    ("Bundle", "entry.all(fullUrl.exists() and resource.exists())"),
    ("Patient", "descendants().where($this is Reference).reference"),
    ("Patient", "descendants().count()"),
    ("Questionnaire", "descendants().linkId.isDistinct() and item.all((type = 'group' implies item.empty().not()) and (type != 'display' or required.empty()))"),
)  # fmt: skip
