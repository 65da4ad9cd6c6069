"""The settings. All come from the environment, or have defaults: see docs/configuration.md."""

from datetime import timedelta

from django.utils.functional import lazy
from environs import Env, EnvError
from marshmallow.validate import OneOf, Range

from plates_project.database_urls import database_of
from plates_project.logs import FORMS, logging_to
from plates_project.networks import all_are_networks
from plates_project.paths import data_directory
from plates_project.secret_key import kept_secret_key

env = Env()
AT_LEAST_ONE = Range(min=1)

DATA_DIR = data_directory()

# The server, as plates_project.gunicorn takes it.
HOST = env.str("HOST", "") or "127.0.0.1"
URL_HOST = f"[{HOST}]" if ":" in HOST else HOST
PORT = env.int("PORT", 8000, validate=Range(min=1, max=65535))
WEB_CONCURRENCY = env.int("WEB_CONCURRENCY", 2, validate=AT_LEAST_ONE)
# The highest limit that gunicorn takes. Two percent-encoded names of 1 024 bytes fit in.
REQUEST_LINE_BYTES = 8190
WORKER_CONNECTIONS = env.int("WORKER_CONNECTIONS", 10_000, validate=AT_LEAST_ONE)

DEBUG = env.bool("DEBUG", False)
# Lazy, so that the import of the settings does not create a file.
SECRET_KEY = env.str("SECRET_KEY", "") or lazy(kept_secret_key, str)(DATA_DIR)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["*"], subcast=str.strip)
# The proxies whose X-Forwarded-Proto and X-Forwarded-For are trusted: addresses, networks, or *.
FORWARDED_ALLOW_IPS = env.list(
    "FORWARDED_ALLOW_IPS", ["127.0.0.1", "::1"], subcast=str.strip, validate=all_are_networks
)
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", 3600, validate=Range(min=0))

INSTALLED_APPS = [
    # streams comes before unfold, and unfold before the admin: each replaces templates of the next.
    "streams",
    "unfold",
    "unfold.contrib.filters",
    # Its handler of a failed login must run before the one of the console, which logs the result.
    "axes",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
]

# Only requests for the console and its static files pass these.
MIDDLEWARE = [
    "streams.api.middleware.log_requests",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "streams.admin.cookies.secure_over_tls",
    # CommonMiddleware refuses unknown hosts, as the API does.
    "django.middleware.common.CommonMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "plates_project.urls"
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

# If DATABASE_URL is not set, manage.py sets it to the URL of the embedded server.
DATABASE_URL = env.str("DATABASE_URL", "") or "postgresql:///plates"
LISTEN_DATABASE_URL = env.str("LISTEN_DATABASE_URL", "")
if LISTEN_DATABASE_URL:
    database_of("LISTEN_DATABASE_URL", LISTEN_DATABASE_URL)

# How many connections a worker has at most. One of them listens and one notifies; all others serve
# the API. The console takes a few more while it is used.
WAKE_UP_CONNECTIONS = 2
DATABASE_CONNECTIONS = env.int(
    "DATABASE_CONNECTIONS", 10, validate=Range(min=WAKE_UP_CONNECTIONS + 1)
)
CONSOLE_CONNECTIONS = 2
DATABASE_POOL_TIMEOUT_SECONDS = env.float("DATABASE_POOL_TIMEOUT_SECONDS", 5.0)
POOL_SIZE = DATABASE_CONNECTIONS - WAKE_UP_CONNECTIONS

# To be off behind a pooler that gives a connection to another client after each transaction.
DATABASE_PREPARED_STATEMENTS = env.bool("DATABASE_PREPARED_STATEMENTS", True)
if not (DATABASE_PREPARED_STATEMENTS or LISTEN_DATABASE_URL):
    raise EnvError(
        "LISTEN_DATABASE_URL is needed where DATABASE_PREPARED_STATEMENTS is off:"
        " a pooler that shares connections does not pass wake-ups on"
    )

_database = database_of("DATABASE_URL", DATABASE_URL)
DATABASES = {
    "default": {
        **_database,
        # The console's pool tests each connection: the database may have closed it meanwhile.
        "CONN_HEALTH_CHECKS": True,
        # A server-side cursor would have to last from one transaction to the next.
        "DISABLE_SERVER_SIDE_CURSORS": not DATABASE_PREPARED_STATEMENTS,
        "OPTIONS": {
            **_database.get("OPTIONS", {}),
            "pool": {
                "min_size": 0,
                "max_size": CONSOLE_CONNECTIONS,
                "timeout": DATABASE_POOL_TIMEOUT_SECONDS,
            },
            "server_side_binding": True,
            "prepare_threshold": 5 if DATABASE_PREPARED_STATEMENTS else None,
        },
    }
}

# The console, streams.admin.
UNFOLD = {
    "SITE_TITLE": "Plates",
    "SITE_HEADER": "Plates",
    "SITE_SUBHEADER": "Redis Streams over HTTP",
    "SITE_SYMBOL": "stacks",
    # `/` is for programs, not people. The console changes no data, so there is no history.
    "SITE_URL": None,
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SIDEBAR": {"navigation": "streams.admin.navigation.sections"},
}

# Cookies set over TLS are secure anyway. This is for proxies that do not say that they use TLS.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.bool("SECURE_COOKIES", False)
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", [], subcast=str.strip)
CSRF_FAILURE_VIEW = "streams.admin.refusals.form_refused"

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
# The page after a login that names no page, or a page of another site.
LOGIN_REDIRECT_URL = "admin:index"

# How many logins may fail, and how many minutes nobody can log in after that.
LOGIN_FAILURE_LIMIT = env.int("LOGIN_FAILURE_LIMIT", 5, validate=AT_LEAST_ONE)
LOGIN_COOLOFF_MINUTES = env.int("LOGIN_COOLOFF_MINUTES", 15, validate=AT_LEAST_ONE)

AXES_HANDLER = "streams.admin.attempts.FailedLogins"
AXES_FAILURE_LIMIT = LOGIN_FAILURE_LIMIT
AXES_COOLOFF_TIME = timedelta(minutes=LOGIN_COOLOFF_MINUTES)
# The handler reads the failures in this order.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"], "ip_address"]
AXES_USERNAME_FORM_FIELD = "username"
AXES_USERNAME_CALLABLE = "streams.admin.attempts.counted_name"
AXES_CLIENT_IP_CALLABLE = "streams.admin.attempts.counted_address"
AXES_LOCKOUT_CALLABLE = "streams.admin.attempts.locked_out"
AXES_RESET_ON_SUCCESS = True
# An attempt during a lockout neither lengthens the lockout nor writes to the database.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("MinimumLengthValidator", "CommonPasswordValidator", "NumericPasswordValidator")
]

USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
# Files are served from their packages, so nobody has to collect them before a start.
WHITENOISE_USE_FINDERS = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The limits that streams.conf reads. Each has an environment variable of the same name.
STREAMS_MAX_BLOCK_MS = env.int("STREAMS_MAX_BLOCK_MS", 60_000, validate=AT_LEAST_ONE)
STREAMS_MAX_BODY_BYTES = env.int("STREAMS_MAX_BODY_BYTES", 16 * 1024 * 1024, validate=AT_LEAST_ONE)
STREAMS_BODY_TIMEOUT_MS = env.int("STREAMS_BODY_TIMEOUT_MS", 30_000, validate=AT_LEAST_ONE)
STREAMS_MAX_ENTRY_BYTES = env.int("STREAMS_MAX_ENTRY_BYTES", 1024 * 1024, validate=AT_LEAST_ONE)
STREAMS_MAX_NAME_BYTES = env.int("STREAMS_MAX_NAME_BYTES", 1024, validate=AT_LEAST_ONE)
STREAMS_MAX_BATCH = env.int("STREAMS_MAX_BATCH", 10_000, validate=AT_LEAST_ONE)
STREAMS_MAX_QUEUED_APPENDS = env.int("STREAMS_MAX_QUEUED_APPENDS", 50_000, validate=AT_LEAST_ONE)
STREAMS_MAX_QUEUED_APPENDS_PER_PLATE = env.int(
    "STREAMS_MAX_QUEUED_APPENDS_PER_PLATE", 25_000, validate=AT_LEAST_ONE
)
STREAMS_MAX_BLOCKED_READERS = env.int("STREAMS_MAX_BLOCKED_READERS", 9_000, validate=AT_LEAST_ONE)
STREAMS_MAX_BLOCKED_READERS_PER_PLATE = env.int(
    "STREAMS_MAX_BLOCKED_READERS_PER_PLATE", 8_000, validate=AT_LEAST_ONE
)
STREAMS_COURTESY_MS = env.int("STREAMS_COURTESY_MS", 250, validate=AT_LEAST_ONE)
STREAMS_MAX_TAIL_STREAMS = env.int("STREAMS_MAX_TAIL_STREAMS", 100, validate=AT_LEAST_ONE)
STREAMS_TAIL_HEARTBEAT_MS = env.int("STREAMS_TAIL_HEARTBEAT_MS", 15_000, validate=AT_LEAST_ONE)
STREAMS_TAIL_SEND_TIMEOUT_MS = env.int(
    "STREAMS_TAIL_SEND_TIMEOUT_MS", 30_000, validate=AT_LEAST_ONE
)
STREAMS_KEY_CACHE_SECONDS = env.int("STREAMS_KEY_CACHE_SECONDS", 15, validate=AT_LEAST_ONE)

# Management commands log to stderr, because stdout is for their results. `serve` and asgi.py set
# stdout.
LOG_STREAM = env.str("LOG_STREAM", "stderr", validate=OneOf(("stdout", "stderr")))
LOG_FORMAT = env.str("LOG_FORMAT", "auto", validate=OneOf(FORMS))
LOGGING = logging_to(LOG_STREAM, LOG_FORMAT)
# axes would log several lines for each login; the console itself logs one.
LOGGING["loggers"]["axes"] = {"level": "ERROR"}
