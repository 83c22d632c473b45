"""Every entry point by name, for a server that mounts them all. A deployed function has one of these lines of its own."""

from functions.assets import assets as assets
from functions.auth import auth as auth
from functions.blueprints import blueprints as blueprints
from functions.events import events as events
from functions.jobs import jobs as jobs
from functions.on_account_task import on_account_task as on_account_task
from functions.on_echo_task import on_echo_task as on_echo_task
from functions.on_ingest_task import on_ingest_task as on_ingest_task
from functions.on_job_task import on_job_task as on_job_task
from functions.on_object_finalized import on_object_finalized as on_object_finalized
from functions.on_speech_task import on_speech_task as on_speech_task
from functions.on_translation_task import on_translation_task as on_translation_task
from functions.on_webhook_task import on_webhook_task as on_webhook_task
from functions.planning import planning as planning
from functions.projects import projects as projects
from functions.users import users as users
from functions.voices import voices as voices
from functions.worker import worker as worker
