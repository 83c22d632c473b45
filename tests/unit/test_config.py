"""Settings: every problem at once, and never a word of what was found, which may be a secret."""

from __future__ import annotations

import pytest

from shared.config import read_assemble_request, read_settings, settings_environment, tool_environment
from shared.domain.errors import Misconfigured


def test_every_problem_is_reported_together_and_no_value_is_shown() -> None:
    wrong = {
        "REELPRINT_PORT": "many",
        "REELPRINT_WORKERS": "-1",
        "REELPRINT_API_KEY": "sk-secret",
        "REELPRINT_HOST": "192.0.2.1",
    }
    with pytest.raises(Misconfigured) as refused:
        read_settings(wrong)
    assert {fault.pointer for fault in refused.value.faults} == {"/port", "/workers", "/api_key", "/host"}
    assert "sk-secret" not in refused.value.detail + str(refused.value.as_record())


def test_settings_survive_the_way_into_a_job() -> None:
    settings = read_settings({"REELPRINT_PORT": "9", "REELPRINT_FFMPEG": "/opt/ffmpeg", "OTHER": "x"})
    assert read_settings(settings_environment(settings)) == settings


def test_a_job_request_is_read_from_the_platforms_own_names() -> None:
    request = read_assemble_request({"BLUEPRINT_JSON": "{}", "CLOUD_RUN_TASK_INDEX": "2", "CLOUD_RUN_TASK_COUNT": "3"})
    assert (request.blueprint_json, request.task_index, request.task_count) == ("{}", 2, 3)
    with pytest.raises(Misconfigured):
        read_assemble_request({"BLUEPRINT_SHA256": "short", "CLOUD_RUN_TASK_COUNT": "0"})


def test_a_tool_sees_no_secret() -> None:
    assert tool_environment({"PATH": "/bin", "AWS_SECRET": "x", "BLUEPRINT_JSON": "{}"}) == {
        "LC_ALL": "C.UTF-8",
        "PATH": "/bin",
    }
