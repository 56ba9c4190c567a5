"""Code systems that every context uses, as types. The values are the standards' own codes."""

from __future__ import annotations

from enum import StrEnum


class Sex(StrEnum):
    """Sex as GB/T 2261.1 codes it; the insurance tables' `gend` uses the same digits."""

    UNKNOWN = "0"
    MALE = "1"
    FEMALE = "2"
    UNSTATED = "9"

    @property
    def fhir(self) -> str:
        """FHIR administrative-gender."""
        return {"0": "unknown", "1": "male", "2": "female", "9": "unknown"}[self.value]

    @property
    def label(self) -> str:
        """The word on a page."""
        return {"0": "未知", "1": "男", "2": "女", "9": "未说明"}[self.value]


class FacilityLevel(StrEnum):
    """Level of a medical institution: 3 tertiary, 2 secondary, 1 primary (claims `hosp_lv`)."""

    TERTIARY = "3"
    SECONDARY = "2"
    PRIMARY = "1"

    @property
    def label(self) -> str:
        """The word on a page."""
        return {"3": "三级", "2": "二级", "1": "一级"}[self.value]


class Insurance(StrEnum):
    """Kind of insurance (险种类型 `insutype`)."""

    EMPLOYEE = "310"
    RESIDENT = "390"
    WORK_INJURY = "410"
    MATERNITY = "510"

    @property
    def label(self) -> str:
        """The word on a page."""
        return {
            "310": "职工基本医疗保险",
            "390": "城乡居民基本医疗保险",
            "410": "工伤保险",
            "510": "生育保险",
        }[self.value]


class Purpose(StrEnum):
    """Why a record is read: HL7 v3 PurposeOfUse, as far as Taihe uses it."""

    TREATMENT = "TREAT"
    PAYMENT = "HPAYMT"
    PUBLIC_HEALTH = "PUBHLTH"
    PATIENT_REQUEST = "PATRQT"
    OPERATIONS = "HOPERAT"
    EMERGENCY = "ETREAT"

    @property
    def label(self) -> str:
        """The word on a page, for the person whose record it is."""
        return {
            "TREAT": "诊疗",
            "HPAYMT": "医保审核",
            "PUBHLTH": "公共卫生",
            "PATRQT": "本人查询",
            "HOPERAT": "系统运行",
            "ETREAT": "急救",
        }[self.value]


class System(StrEnum):
    """Naming systems of codes in FHIR bodies and in the code dictionary."""

    ICD10 = "urn:oid:2.16.156.10011.2.3.3.11"
    ICD9CM = "urn:oid:2.16.156.10011.2.3.3.12"
    INSURANCE_LIST = "urn:taihe:system:hilist"
    INSURANCE_PERSON = "urn:taihe:system:psn-no"
    INSTITUTION = "urn:oid:2.16.156.10011.1.5"
    LOINC = "http://loinc.org"
    UCUM = "http://unitsofmeasure.org"
