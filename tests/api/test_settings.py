"""What a process accepts, from its settings."""

from pathlib import Path

from api.registry.registry import Registry
from api.settings import Settings
from core.limits import LONG_LIMITS, Limits


def test_unless_set_the_decoder_s_own_limits_hold(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert settings.limits().max_duration_s == Limits().max_duration_s
    assert settings.limits().timeout_s == Limits().timeout_s
    assert settings.stream_limits() == LONG_LIMITS


def test_a_raised_length_takes_its_samples_and_time_with_it(tmp_path: Path) -> None:
    limits = Settings(home=tmp_path, max_duration_s=7200, max_upload_bytes=1000).limits()
    assert (limits.max_duration_s, limits.max_bytes) == (7200, 1000)
    assert limits.max_decoded_bytes >= 7200 * 48_000 * 2 * 4, "two hours of stereo must fit"
    assert limits.timeout_s >= 4 * Limits().timeout_s
    shorter = Settings(home=tmp_path, max_duration_s=10)
    assert shorter.limits().max_decoded_bytes == Limits().max_decoded_bytes
    assert shorter.stream_limits().max_duration_s == 10
    assert shorter.stream_limits().max_bytes == LONG_LIMITS.max_bytes


def test_tagging_is_given_the_same_limits_as_audits(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, max_duration_s=7200)
    registry = Registry.open(settings)
    assert registry.for_tenant("other").ledger().limits == settings.limits()
    registry.close()
