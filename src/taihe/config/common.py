"""What both sites set alike. `site_settings` returns the settings of one site."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import taihe
from taihe.config.site import NAMES, Folder, Site, data_folder

SOURCE = Path(taihe.__file__).parent


def _contexts(names: list[str]) -> list[str]:
    """The contexts that are apps already; the others have no tables and no pages yet."""
    return [name for name in names if (SOURCE / name.split(".")[1] / "apps.py").exists()]


LOADED_ROLES = {
    "resident": "/app/",
    "clinician": "/desk/record/",
    "village_doctor": "/desk/chronic/",
    "tcm_doctor": "/desk/tcm/",
    "pharmacist": "/desk/pharmacy/",
    "care_assessor": "/desk/care/",
    "record_steward": "/desk/record/pairs/",
    "auditor": "/desk/claims/",
    "hospital": "/desk/hospital/",
    "analyst": "/desk/insight/",
    "administrator": "/desk/admin/",
    "security_auditor": "/desk/admin/",
}
ZONE_ROLES = {
    "zone_officer": "/desk/",
    "administrator": "/desk/admin/",
    "security_auditor": "/desk/admin/",
}


def sqlite(path: Path, *, page_bytes: int = 4096) -> dict[str, Any]:
    """A SQLite database as Taihe uses it (DESIGN 4.5)."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": (
                f"PRAGMA page_size={page_bytes};"
                "PRAGMA journal_mode=WAL;"
                f"PRAGMA synchronous={os.environ.get('TAIHE_SYNCHRONOUS', 'NORMAL')};"
                "PRAGMA temp_store=MEMORY;"
                "PRAGMA cache_size=-32000;"
            ),
        },
    }


def site_settings(site: Site, apps: list[str]) -> dict[str, Any]:
    """The Django settings of a site; `apps` are its contexts."""
    folder = Folder(data_folder()).of(site)
    facts = folder.facts()
    secret = folder.keys / "django.secret"
    plain_http = bool(facts.get("plain_http", False))
    return {
        "TAIHE_SITE": site,
        "TAIHE_SITE_NAME": NAMES[site],
        "TAIHE_FOLDER": folder.path,
        "TAIHE_KEYS": folder.keys,
        "TAIHE_HEADS": folder.heads,
        "TAIHE_DEMO": bool(facts.get("demo", False)),
        "TAIHE_HOME_BY_ROLE": LOADED_ROLES if site == "health" else ZONE_ROLES,
        "TAIHE_HELP_PHONE": facts.get("help_phone", "12345"),
        # Without an installation there is no secret, and nothing that needs one runs.
        "SECRET_KEY": secret.read_text("ascii") if secret.exists() else os.urandom(32).hex(),
        "DEBUG": False,
        "ALLOWED_HOSTS": facts.get("hosts", ["127.0.0.1", "localhost", "[::1]"]),
        "INSTALLED_APPS": [
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.staticfiles",
            "django_htmx",
            "axes",
            "csp",
            *_contexts(apps),
            "taihe.config.apps.Wiring",
        ],
        "MIDDLEWARE": [
            "django.middleware.security.SecurityMiddleware",
            "whitenoise.middleware.WhiteNoiseMiddleware",
            "csp.middleware.CSPMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "taihe.base.middleware.ChineseFirst",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
            "django_htmx.middleware.HtmxMiddleware",
            "taihe.base.middleware.Errors",
            "axes.middleware.AxesMiddleware",
        ],
        "AUTHENTICATION_BACKENDS": [
            "axes.backends.AxesStandaloneBackend",
            "django.contrib.auth.backends.ModelBackend",
        ],
        "AUTH_USER_MODEL": "base.Account",
        "PASSWORD_HASHERS": ["django.contrib.auth.hashers.Argon2PasswordHasher"],
        "AUTH_PASSWORD_VALIDATORS": [
            {
                "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
                "OPTIONS": {"min_length": 12},
            },
            {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
        ],
        "LOGIN_URL": "/sign-in/",
        "AXES_FAILURE_LIMIT": 5,
        "AXES_COOLOFF_TIME": 0.25,
        "AXES_LOCKOUT_PARAMETERS": [["username", "ip_address"]],
        # Attempts are counted in memory: typed user names are not kept in any file.
        "AXES_HANDLER": "axes.handlers.cache.AxesCacheHandler",
        # One web process per site, so its memory is the whole truth (decision 4).
        "SILENCED_SYSTEM_CHECKS": ["axes.W001"],
        "AXES_DISABLE_ACCESS_LOG": True,
        "AXES_LOCKOUT_CALLABLE": "taihe.base.views.locked_out",
        "CSRF_FAILURE_VIEW": "taihe.base.views.csrf_failed",
        "AXES_ENABLE_ADMIN": False,
        "AXES_VERBOSE": False,
        "ROOT_URLCONF": f"taihe.config.urls_{site}",
        "WSGI_APPLICATION": "taihe.config.wsgi.application",
        "TEMPLATES": [
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.template.context_processors.i18n",
                        "taihe.config.navigation.context",
                    ],
                    "builtins": ["taihe.ui.templatetags.taihe"],
                },
            }
        ],
        "DATABASES": {
            # Bodies of one to some kilobytes lie better in larger pages: a third less disk.
            "default": sqlite(folder.database, page_bytes=8192),
            "access": sqlite(folder.access_database),
        },
        "DATABASE_ROUTERS": ["taihe.config.routers.Access"],
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "SESSION_COOKIE_NAME": f"taihe_{site}_session",
        "CSRF_COOKIE_NAME": f"taihe_{site}_csrf",
        "LANGUAGE_COOKIE_NAME": "taihe_language",
        "SESSION_COOKIE_SECURE": not plain_http,
        "CSRF_COOKIE_SECURE": not plain_http,
        "SESSION_COOKIE_HTTPONLY": True,
        "CSRF_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_AGE": 8 * 3600,
        "SESSION_SAVE_EVERY_REQUEST": False,
        "SECURE_CONTENT_TYPE_NOSNIFF": True,
        "SECURE_REFERRER_POLICY": "same-origin",
        "SECURE_HSTS_SECONDS": 0 if plain_http else 31536000,
        "X_FRAME_OPTIONS": "DENY",
        "CONTENT_SECURITY_POLICY": {
            "DIRECTIVES": {
                "default-src": ["'none'"],
                "script-src": ["'self'"],
                "style-src": ["'self'"],
                "img-src": ["'self'", "data:"],
                "font-src": ["'self'"],
                "connect-src": ["'self'"],
                "manifest-src": ["'self'"],
                "form-action": ["'self'"],
                "base-uri": ["'self'"],
                "frame-ancestors": ["'none'"],
            }
        },
        "LANGUAGE_CODE": "zh-hans",
        "LANGUAGES": [("zh-hans", "中文"), ("en", "English")],
        "LOCALE_PATHS": [SOURCE / "ui" / "locale"],
        "TIME_ZONE": "Asia/Shanghai",
        "USE_I18N": True,
        "USE_TZ": True,
        "STATIC_URL": "/static/",
        "WHITENOISE_USE_FINDERS": True,
        "WHITENOISE_MAX_AGE": 3600,
        "DATA_UPLOAD_MAX_MEMORY_SIZE": 20 * 1024 * 1024,
        "FILE_UPLOAD_PERMISSIONS": 0o600,
        "LOGGING": {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"plain": {"()": "taihe.base.logs.Formatter"}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
            "root": {"handlers": ["stderr"], "level": "WARNING"},
            "loggers": {
                "taihe": {"level": "INFO"},
                "django.request": {"level": "ERROR"},
                "axes": {"level": "ERROR"},
            },
        },
    }
