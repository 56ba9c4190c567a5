"""Accounts, organisations and parties."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from taihe.base import models, public
from taihe.base.models import TrailRow
from taihe.base.parties import names_of
from taihe.kernel.errors import Conflict, Incorrect, NotFound

pytestmark = pytest.mark.django_db


@pytest.fixture
def hospital() -> public.Organisation:
    return public.create_organisation("H340822001", "太和县人民医院", "hospital", level="2")


def test_an_account_acts_for_itself_and_its_organisation(hospital):
    doctor = public.create_account(
        "li", "李医生", "staff", roles=("clinician",), organisation_code=hospital.code
    )
    actor = public.actor_of(doctor.account_id)
    assert actor.parties == {doctor.party, hospital.party}
    assert public.parties_of(doctor.account_id) == actor.parties
    assert actor.roles == public.roles_of(doctor.account_id) == {"clinician"}
    assert (actor.organisation_code, actor.organisation_name) == (hospital.code, hospital.name)
    assert actor.has("clinician", "auditor")
    assert not actor.has("auditor")


def test_party_numbers_are_shared_by_accounts_organisations_and_systems(hospital):
    resident = public.create_account("r1", "王奶奶", "resident", roles=("resident",))
    system = public.create_system_party("检验系统")
    assert public.create_system_party("检验系统") == system
    assert len({hospital.party, resident.party, system}) == 3
    names = names_of([hospital.party, resident.party, system, 999_999])
    assert [names[p].name for p in (hospital.party, resident.party, system, 999_999)] == [
        "太和县人民医院",
        "王奶奶",
        "检验系统",
        "系统",
    ]
    assert public.organisation_of_party(hospital.party) == hospital


def test_creating_leaves_trail_rows_without_names(hospital):
    public.create_account("r1", "王奶奶", "resident", roles=("resident",))
    rows = TrailRow.objects.values_list("action", "subject", "detail")
    assert [row[0] for row in rows] == ["organisation.created", "account.created"]
    assert "王奶奶" not in str(list(rows))


REFUSED = [
    ({"username": "li"}, Conflict),
    ({"username": "ｌｉ"}, Conflict),
    ({"username": "new", "organisation_code": "H000"}, Incorrect),
    ({"username": "new", "password": "12345678"}, Incorrect),
]


@pytest.mark.parametrize(("arguments", "error"), REFUSED)
def test_what_cannot_be_created_is_refused_with_what_to_do(arguments, error):
    public.create_account("li", "李医生", "staff")
    with pytest.raises(error) as refused:
        public.create_account(display_name="某", kind="staff", **arguments)
    assert refused.value.do


def test_a_real_installation_has_no_demo_accounts(settings):
    settings.TAIHE_DEMO = False
    with pytest.raises(Conflict):
        public.create_account("demo", "演示", "staff", is_demo=True)
    assert not models.Account.objects.exists()


def test_nobody_signs_in_with_a_password_that_was_not_set():
    made = public.create_account("li", "李医生", "staff")
    assert not models.Account.objects.get(pk=made.account_id).has_usable_password()


def test_passwords_are_kept_as_argon2():
    made = public.create_account("li", "李医生", "staff", password="一个足够长的口令而且少见")
    assert models.Account.objects.get(pk=made.account_id).password.startswith("argon2$argon2id")


def test_an_inactive_account_is_no_actor():
    made = public.create_account("li", "李医生", "staff")
    models.Account.objects.filter(pk=made.account_id).update(is_active=False)
    with pytest.raises(NotFound):
        public.actor_of(made.account_id)


@pytest.mark.parametrize(
    "make",
    [
        lambda: models.Party.objects.create(kind="robot"),
        lambda: models.Role.objects.create(account_id=1, role="boss"),
        lambda: models.Organisation.objects.create(code="x", kind="bank", party_id=1),
    ],
)
def test_the_database_itself_refuses_unknown_words(make):
    with pytest.raises(IntegrityError), transaction.atomic():
        make()


def test_a_role_is_given_once():
    made = public.create_account("li", "李医生", "staff", roles=("auditor",))
    with pytest.raises(IntegrityError), transaction.atomic():
        models.Role.objects.create(account_id=made.account_id, role="auditor")
