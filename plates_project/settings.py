"""Settings, by environment only, with defaults that work. docs/configuration.md lists them all."""

from pathlib import Path

import dj_database_url
from environs import Env

env = Env()

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.str("DATA_DIR", str(BASE_DIR / ".data")))

DEBUG = env.bool("DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY", "") or "insecure"
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["*"])

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "streams",
]

MIDDLEWARE = [
    "streams.api.middleware.envelope",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]

ROOT_URLCONF = "plates_project.urls"
WSGI_APPLICATION = "plates_project.wsgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASE_URL = env.str("DATABASE_URL", "postgresql:///plates")
LISTEN_DATABASE_URL = env.str("LISTEN_DATABASE_URL", "")

DATABASES = {
    "default": {
        **dj_database_url.parse(DATABASE_URL),
        "OPTIONS": {
            "pool": {
                "min_size": 1,
                "max_size": env.int("DATABASE_POOL_SIZE", 10),
                "timeout": env.float("DATABASE_POOL_TIMEOUT_SECONDS", 5.0),
            },
            "server_side_binding": True,
            "prepare_threshold": 5,
        },
    }
}

USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The limits of streams.conf, each by the environment variable of its name.
STREAMS_MAX_BLOCK_MS = env.int("STREAMS_MAX_BLOCK_MS", 60_000)
STREAMS_MAX_BODY_BYTES = env.int("STREAMS_MAX_BODY_BYTES", 16 * 1024 * 1024)
STREAMS_MAX_ENTRY_BYTES = env.int("STREAMS_MAX_ENTRY_BYTES", 1024 * 1024)
STREAMS_MAX_NAME_BYTES = env.int("STREAMS_MAX_NAME_BYTES", 1024)
STREAMS_MAX_BATCH = env.int("STREAMS_MAX_BATCH", 10_000)
STREAMS_KEY_CACHE_SECONDS = env.int("STREAMS_KEY_CACHE_SECONDS", 15)
