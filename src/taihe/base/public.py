"""
The door of the ground floor: accounts, organisations, roles, and who may call a view.

Other doors beside it: `trail.record`, `access_log.note`, `chain.register`,
`workflow.advance`, `tasks.enqueue`, `definitions.register`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Literal, TypeVar
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponseBase

from taihe.kernel.errors import Conflict, Incorrect, NotFound

if TYPE_CHECKING:
    from taihe.base.models import Account as AccountRow

RoleName = Literal[
    "resident",
    "clinician",
    "village_doctor",
    "tcm_doctor",
    "pharmacist",
    "care_assessor",
    "record_steward",
    "analyst",
    "auditor",
    "hospital",
    "zone_officer",
    "panel_expert",
    "enterprise",
    "administrator",
    "security_auditor",
]
AccountKind = Literal["staff", "resident", "system"]
OrganisationKind = Literal[
    "hospital",
    "clinic",
    "township_hospital",
    "village_clinic",
    "pharmacy",
    "insurer",
    "care_home",
    "county_platform",
    "enterprise",
    "zone",
    "zone_authority",
]
View = TypeVar("View", bound=Callable[..., HttpResponseBase])


@dataclass(frozen=True)
class Organisation:
    """An organisation; `party` is its number in relations and in the trail."""

    code: str
    name: str
    kind: str
    level: str
    division: str
    party: int


@dataclass(frozen=True)
class Account:
    """Someone who can sign in; `party` is the number in relations and in the trail."""

    account_id: int
    username: str
    display_name: str
    kind: str
    organisation_code: str
    party: int
    is_demo: bool


@dataclass(frozen=True)
class Actor:
    """
    Who makes this request.

    `party` is the account's own; `parties` are all it acts for: its own and its
    organisation's. `organisation_code` is empty without an organisation.
    """

    party: int
    parties: frozenset[int]
    roles: frozenset[str]
    account_id: int
    organisation_code: str
    display_name: str
    organisation_name: str = ""
    is_demo: bool = False

    def has(self, *roles: str) -> bool:
        """Whether the actor has one of these roles."""
        return not self.roles.isdisjoint(roles)


@dataclass(frozen=True)
class Declared:
    """Who may call a view: anybody, anybody signed in, one of some roles, or systems by token."""

    who: Literal["public", "signed-in", "roles", "systems"]
    roles: tuple[str, ...] = ()


# --- organisations and accounts ------------------------------------------------------------


@transaction.atomic
def create_organisation(
    code: str,
    name: str,
    kind: OrganisationKind,
    *,
    level: str = "",
    division: str = "",
    by: int | None = None,
) -> Organisation:
    """Create an organisation and its party; raises `Conflict` when the code is taken."""
    from taihe.base import models, trail

    if models.Organisation.objects.filter(code=code).exists():
        raise Conflict(f"机构代码 {code} 已存在。", "请核对机构代码，或使用已有机构。")
    party = models.Party.objects.create(kind="organisation")
    row = models.Organisation.objects.create(
        code=code, name=name, kind=kind, level=level, division=division, party=party
    )
    trail.record("organisation.created", f"organisation:{row.pk}", by=by, detail={"kind": kind})
    return _organisation(row)


def organisation(code: str) -> Organisation | None:
    """The organisation of a code."""
    from taihe.base import models

    row = models.Organisation.objects.filter(code=code).first()
    return _organisation(row) if row else None


def organisations(*kinds: OrganisationKind) -> list[Organisation]:
    """The organisations of these kinds, by name; without kinds all of them."""
    from taihe.base import models

    rows = models.Organisation.objects.order_by("name", "code")
    if kinds:
        rows = rows.filter(kind__in=kinds)
    return [_organisation(row) for row in rows]


def organisation_of_party(party: int) -> Organisation | None:
    """The organisation whose party number this is."""
    from taihe.base import models

    row = models.Organisation.objects.filter(party_id=party).first()
    return _organisation(row) if row else None


@transaction.atomic
def create_account(
    username: str,
    display_name: str,
    kind: AccountKind,
    *,
    roles: tuple[RoleName, ...] = (),
    organisation_code: str = "",
    password: str | None = None,
    is_demo: bool = False,
    by: int | None = None,
) -> Account:
    """
    Create an account with its party and roles.

    Without a password nobody can sign in with one. Demo accounts exist in a demo
    installation only, and a role holds for the account's organisation.
    """
    from taihe.base import models, trail

    if is_demo and not settings.TAIHE_DEMO:
        raise Conflict("演示账号只能建在演示环境中。", "请建普通账号并设置口令。")
    username = models.Account.normalize_username(username)
    if models.Account.objects.filter(username=username).exists():
        raise Conflict("该用户名已被使用。", "请换一个用户名。")
    where = None
    if organisation_code:
        where = models.Organisation.objects.filter(code=organisation_code).first()
        if where is None:
            raise Incorrect(f"没有代码为 {organisation_code} 的机构。", "请先建立该机构。")
    if password is not None:
        _check_password(password)
    party = models.Party.objects.create(kind="account")
    row = models.Account(
        username=username,
        display_name=display_name,
        kind=kind,
        organisation=where,
        party=party,
        is_demo=is_demo,
    )
    if password is None:
        row.set_unusable_password()
    else:
        row.set_password(password)
    row.save()
    models.Role.objects.bulk_create(
        models.Role(account=row, role=role, organisation=where) for role in roles
    )
    trail.record(
        "account.created",
        f"account:{row.pk}",
        by=by,
        detail={"kind": kind, "roles": list(roles), "demo": is_demo},
    )
    return _account(row)


@transaction.atomic
def set_password(username: str, password: str, *, by: int | None = None) -> None:
    """Give an account a new password; its sessions end."""
    from taihe.base import trail

    _check_password(password)
    row = _row_of(username)
    row.set_password(password)
    row.save(update_fields=["password"])
    trail.record("account.password-set", f"account:{row.pk}", by=by)


@transaction.atomic
def set_active(username: str, active: bool, *, by: int | None = None) -> None:
    """Let an account sign in, or no longer; its open sessions end with the next request."""
    from taihe.base import trail

    row = _row_of(username)
    row.is_active = active
    row.save(update_fields=["is_active"])
    action = "account.opened" if active else "account.closed"
    trail.record(action, f"account:{row.pk}", by=by)


def account(username: str) -> Account | None:
    """The account of a user name, active or not."""
    from taihe.base import models

    row = (
        models.Account.objects.select_related("organisation")
        .filter(username=models.Account.normalize_username(username))
        .first()
    )
    return _account(row) if row else None


@transaction.atomic
def create_system_party(label: str, *, by: int | None = None) -> int:
    """A party for a system or an installation's own work; the same label gives the same party."""
    from taihe.base import models, trail

    found = models.Party.objects.filter(kind="system", label=label).first()
    if found is not None:
        return int(found.pk)
    party = models.Party.objects.create(kind="system", label=label)
    trail.record("party.created", f"party:{party.pk}", by=by)
    return int(party.pk)


def roles_of(account_id: int) -> frozenset[str]:
    """The roles of an account."""
    from taihe.base import models

    found = models.Role.objects.filter(account_id=account_id).values_list("role", flat=True)
    return frozenset(found)


def parties_of(account_id: int) -> frozenset[int]:
    """The parties an account acts for: its own and its organisation's."""
    from taihe.base import models

    row = (
        models.Account.objects.filter(pk=account_id)
        .values_list("party_id", "organisation__party_id")
        .first()
    )
    if row is None:
        raise NotFound("没有这个账号。")
    return frozenset(party for party in row if party is not None)


def actor_of(account_id: int) -> Actor:
    """The actor that an active account is; raises `NotFound` when there is none."""
    from taihe.base import models

    row = (
        models.Account.objects.select_related("organisation")
        .filter(pk=account_id, is_active=True)
        .first()
    )
    if row is None:
        raise NotFound("没有这个账号。")
    return _actor(row)


# --- who makes a request, and who may ------------------------------------------------------


def current_actor(request: HttpRequest) -> Actor | None:
    """Who makes this request; None when nobody is signed in. Asked once per request."""
    known: Actor | None | Literal["unknown"] = getattr(request, "_taihe_actor", "unknown")
    if known != "unknown":
        return known
    user = getattr(request, "user", None)
    found = _actor(user) if user is not None and user.is_authenticated else None
    request._taihe_actor = found  # type: ignore[attr-defined]
    return found


def required_actor(request: HttpRequest) -> Actor:
    """Who makes this request, in a view that only signed-in people reach."""
    actor = current_actor(request)
    assert actor is not None, "the view must be declared with requires_role or requires_sign_in"
    return actor


def home_of(actor: Actor) -> str:
    """The first page of the actor's first role, by `TAIHE_HOME_BY_ROLE`."""
    homes: dict[str, str] = settings.TAIHE_HOME_BY_ROLE
    return next((url for role, url in homes.items() if role in actor.roles), "/definitions/")


def public_page(view: View) -> View:
    """Declare that anybody may call this view."""
    view.taihe_access = Declared("public")  # type: ignore[attr-defined]
    return view


def for_systems(view: View) -> View:
    """Declare that systems call this view with a bearer token, which the view itself checks."""
    view.taihe_access = Declared("systems")  # type: ignore[attr-defined]
    return view


def requires_sign_in(view: View) -> View:
    """Let only signed-in people call this view; others are sent to the sign-in page."""
    return _guard(view, Declared("signed-in"))


def requires_role(*roles: RoleName) -> Callable[[View], View]:
    """
    Let only these roles call a view.

    Who is not signed in is sent to the sign-in page; who has another role is told that
    there is no such page.
    """
    assert roles, "name at least one role"
    return lambda view: _guard(view, Declared("roles", roles))


def _guard(view: View, declared: Declared) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        actor = current_actor(request)
        if actor is None:
            return _to_sign_in(request)
        if declared.who == "roles" and not actor.has(*declared.roles):
            raise Http404
        return view(request, *args, **kwargs)

    guarded.taihe_access = declared  # type: ignore[attr-defined]
    return guarded  # type: ignore[return-value]


def _to_sign_in(request: HttpRequest) -> HttpResponseBase:
    from django.contrib.auth.views import redirect_to_login
    from django.http import HttpResponse

    if request.headers.get("HX-Request"):
        # A part of a page cannot become the sign-in page: the whole page goes there.
        return HttpResponse(status=401, headers={"HX-Redirect": settings.LOGIN_URL})
    back = request.get_full_path() if request.method == "GET" else None
    return redirect_to_login(back or "/", settings.LOGIN_URL)


def _row_of(username: str) -> AccountRow:
    from taihe.base import models

    wanted = models.Account.normalize_username(username)
    row = models.Account.objects.filter(username=wanted).first()
    if row is None:
        raise NotFound("没有这个账号。", "请核对用户名。")
    return row


# --- from rows -----------------------------------------------------------------------------


def _organisation(row: object) -> Organisation:
    from taihe.base import models

    assert isinstance(row, models.Organisation)
    return Organisation(row.code, row.name, row.kind, row.level, row.division, row.party_id)


def _account(row: AccountRow) -> Account:
    return Account(
        row.pk,
        row.username,
        row.display_name,
        row.kind,
        row.organisation.code if row.organisation else "",
        row.party_id,
        row.is_demo,
    )


def _actor(row: AccountRow) -> Actor:
    where = row.organisation
    return Actor(
        party=row.party_id,
        parties=frozenset({row.party_id} | ({where.party_id} if where else set())),
        roles=roles_of(row.pk),
        account_id=row.pk,
        organisation_code=where.code if where else "",
        display_name=row.display_name,
        organisation_name=where.name if where else "",
        is_demo=row.is_demo,
    )


def _check_password(password: str) -> None:
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError

    try:
        validate_password(password)
    except ValidationError as error:
        raise Incorrect("；".join(error.messages), "请换一个更长、更不常见的口令。") from None


def temporary_password() -> str:
    """A password nobody can guess, to be handed over once."""
    return uuid4().hex
