"""
What a broken rule of FHIR is called in front of a clerk: the problem, and what to do.

The rules that a clinic meets have sentences of our own; the others keep that of the
specification, without its capitals.
"""

from __future__ import annotations

from functools import cache

from taihe.fhir.definitions import Invariant

_OWN: dict[str, tuple[str, str]] = {
    "age-1": ("An age needs a unit of time.", "Give its system and code, and no negative value."),
    "ait-1": ("An allergy without clinical status is not complete.", "Add clinicalStatus."),
    "ait-2": ("An allergy entered in error has no clinical status.", "Remove clinicalStatus."),
    "app-1": ("A participant is nobody.", "Say who it is (actor), or of what kind (type)."),
    "app-2": ("The appointment has a start or an end, not both.", "Give both, or neither."),
    "app-3": ("This appointment needs its time.", "Give start and end."),
    "app-4": ("Only what is cancelled or missed has a reason for it.", "Remove cancelationReason."),
    "att-1": ("Data without its kind cannot be shown.", "Add contentType, as image/png."),
    "bdl-1": ("Only results of a search and histories have a total.", "Remove total."),
    "bdl-2": ("Only results of a search say why an entry is there.", "Remove entry.search."),
    "bdl-3": (
        "In a transaction, batch or history every entry has a request, elsewhere none.",
        "Add request to each entry, or correct the type of the bundle.",
    ),
    "bdl-4": (
        "In a response or history every entry has a response, elsewhere none.",
        "Add response to each entry, or correct the type of the bundle.",
    ),
    "bdl-5": ("This entry has nothing in it.", "Add a resource, or remove the entry."),
    "bdl-7": ("Two entries have the same full address.", "Give each entry its own fullUrl."),
    "bdl-8": ("The full address names a version.", "Leave /_history and what follows out."),
    "bdl-9": ("A document has no number.", "Add identifier with system and value."),
    "bdl-10": ("A document has no date.", "Add timestamp."),
    "bdl-11": ("A document does not begin with a Composition.", "Put the Composition first."),
    "bdl-12": ("A message does not begin with a MessageHeader.", "Put the MessageHeader first."),
    "cmp-1": ("A section has nothing in it.", "Add text, entries or sections."),
    "cmp-2": ("A section that is not empty says why it is empty.", "Remove emptyReason."),
    "con-1": ("A stage says nothing.", "Add summary or assessment."),
    "con-2": ("Evidence says nothing.", "Add code or detail."),
    "con-3": ("A problem of the list has no clinical status.", "Add clinicalStatus."),
    "con-4": (
        "The condition has ended, and its status says that it has not.",
        "Use inactive, resolved or remission, or remove the end.",
    ),
    "con-5": ("A condition entered in error has no clinical status.", "Remove clinicalStatus."),
    "cpl-3": ("An activity has a reference and details.", "Keep one of them."),
    "cpt-2": ("A contact has a number but not its kind.", "Add system: phone, email or another."),
    "csd-1": ("A code stands in the code system twice.", "Remove one of them."),
    "fhs-1": ("A relative has an age and a birth.", "Keep one of them."),
    "fhs-2": ("Only an age can be an estimate.", "Remove estimatedAge, or add the age."),
    "gol-1": ("A target has no measure.", "Add measure."),
    "imr-1": ("It is not said against what the vaccine is.", "Add vaccineCode or targetDisease."),
    "inv-1": ("A parameter has more or less than one content.", "Keep value, resource or part."),
    "ipn-1": ("The plan has neither name nor number.", "Add name or identifier."),
    "lst-1": ("A list that is not empty says why it is empty.", "Remove emptyReason."),
    "mad-1": ("A dosage has neither dose nor rate.", "Add dose or rate."),
    "mdd-1": ("It was handed over before it was prepared.", "Correct the times."),
    "obs-3": ("A reference range says nothing.", "Give low, high or text."),
    "obs-6": ("There is a value, and a reason why there is none.", "Remove one of them."),
    "obs-7": (
        "A component has the same code as the observation, which has a value of its own.",
        "Remove the component, or the value.",
    ),
    "org-1": ("The organization has neither name nor number.", "Add name or identifier."),
    "org-2": ("An organization has no home.", "Use another kind of address than home."),
    "org-3": ("An organization has no home.", "Use another kind of contact than home."),
    "pat-1": ("A contact of the patient is nobody.", "Add name, telecom, address or organization."),
    "que-1": (
        "A group has no questions, or a text to be shown has some.",
        "Add items to the group, or move those of the text.",
    ),
    "que-2": ("Two items have the same linkId.", "Give each its own."),
    "que-3": ("A text to be shown has a code.", "Remove code."),
    "que-4": ("A question has two lists of answers.", "Keep answerOption or answerValueSet."),
    "que-6": ("A text to be shown cannot be required or repeat.", "Remove required and repeats."),
    "que-11": ("A question with answers to choose has a first value too.", "Mark one as chosen."),
    "que-12": ("Several conditions do not say how they work together.", "Add enableBehavior."),
    "qrs-1": ("Items stand below the item and below its answer.", "Keep one of them."),
    "rat-1": ("A ratio has one of its two numbers.", "Give both."),
    "rng-2": ("The low end is not below the high end.", "Swap or correct them."),
    "tim-1": ("A duration has no unit.", "Add durationUnit."),
    "tim-2": ("A period has no unit.", "Add periodUnit."),
    "tim-4": ("A duration is negative.", "Correct it."),
    "tim-5": ("A period is negative.", "Correct it."),
    "tim-6": ("There is a longest period but no period.", "Add period."),
    "tim-7": ("There is a longest duration but no duration.", "Add duration."),
    "tim-8": ("There is a highest count but no count.", "Add count."),
    "tim-9": ("An offset is not before or after anything.", "Say when, and not a meal itself."),
    "tim-10": ("There is a time of day and an event of the day.", "Keep one of them."),
}
_WORDS = (
    (" SHALL NOT ", " must not "), (" SHALL ", " must "), ("SHALL ", "It must "),
    (" SHOULD ", " should "), ("NOT", "not"), ("IF ", "If "), (" <= ", " is at most "),
)  # fmt: skip


@cache
def sentence(rule: Invariant) -> tuple[str, str]:
    """The problem and what to do, for a rule that is broken."""
    named = f"This is rule {rule.key} of FHIR."
    own = _OWN.get(rule.key)
    if own is not None:
        return own[0], f"{own[1]} {named}"
    said = " ".join(rule.human.split())
    for written, plain in _WORDS:
        said = said.replace(written, plain)
    said = said[:1].upper() + said[1:].rstrip(" .;") + "."
    return said, named
