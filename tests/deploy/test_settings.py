from pathlib import Path

import pytest

from iuran.deploy.installation import installation_cipher
from iuran.deploy.settings import Environment, Settings, SettingsError, demanded, load_settings
from iuran.deploy.settings_table import settings_markdown, values_in_force
from iuran.deploy.tokens import demo_issuer, trusted_issuer
from iuran.payments.secrets import generate_installation_key

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "DATABASE_URL",
        "REDIS_URL",
        *(f"IURAN_{n.upper()}" for n in Settings.model_fields),
    ):
        monkeypatch.delenv(name, raising=False)


def test_environment_is_read_and_command_line_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://somewhere/iuran")
    monkeypatch.setenv("IURAN_PORT", "9000")
    monkeypatch.setenv("IURAN_SNAP_MOUNTS", "/snap/v1.0, /bank/v1.1")

    settings = load_settings(port=9001, host=None)

    assert settings.port == 9001
    assert settings.host == "127.0.0.1"
    assert settings.snap_mounts == ("/snap/v1.0", "/bank/v1.1")
    assert demanded(settings.database_url, "database_url") == "postgresql://somewhere/iuran"


def test_every_unusable_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IURAN_PORT", "99999")
    monkeypatch.setenv("IURAN_LOG_LEVEL", "loud")
    monkeypatch.setenv("IURAN_SNAP_MOUNTS", "snap")

    with pytest.raises(SettingsError) as refused:
        load_settings()

    assert "IURAN_PORT: " in str(refused.value)
    assert "IURAN_LOG_LEVEL: " in str(refused.value)
    assert "IURAN_SNAP_MOUNTS: " in str(refused.value)


def test_production_refuses_the_test_clock() -> None:
    with pytest.raises(SettingsError, match="test_clock must not be on in production"):
        load_settings(environment="production", test_clock=True)


def test_production_is_closed_unless_opened() -> None:
    settings = load_settings(environment=Environment.PRODUCTION)

    assert not settings.follows_test_clock
    assert not settings.serves_graphiql
    assert not settings.allows_introspection
    assert settings.writes_json_logs


def test_production_demands_its_own_keys(tmp_path: Path) -> None:
    settings = load_settings(environment="production", data=tmp_path)

    with pytest.raises(SettingsError, match="IURAN_SECRET_KEYS is not set"):
        installation_cipher(settings)
    with pytest.raises(SettingsError, match="neither IURAN_JWKS_URL nor"):
        trusted_issuer(settings)
    with pytest.raises(SettingsError, match="identity provider"):
        demo_issuer(settings)
    assert list(tmp_path.iterdir()) == []


def test_development_keeps_one_private_key(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path)

    secret = installation_cipher(settings).encrypt("words")

    assert installation_cipher(settings).decrypt(secret) == "words"
    (key_file,) = (tmp_path / "keys").iterdir()
    assert key_file.stat().st_mode & 0o777 == 0o600


def test_a_new_key_goes_before_the_old_ones(tmp_path: Path) -> None:
    old, new = generate_installation_key(), generate_installation_key()
    before = load_settings(environment="production", secret_keys=old, data=tmp_path)
    after = load_settings(environment="production", secret_keys=f"{new}, {old}", data=tmp_path)

    secret = installation_cipher(before).encrypt("words")

    assert installation_cipher(after).decrypt(secret) == "words"


@pytest.mark.parametrize("text", ["not json", "[]", "{}", '{"keys": []}'])
def test_an_unusable_jwks_file_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "jwks.json"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(SettingsError, match="IURAN_JWKS_FILE"):
        trusted_issuer(load_settings(environment="production", jwks_file=file))


def test_secrets_are_not_shown() -> None:
    settings = load_settings(
        database_url="postgresql://me:hidden-word@there/iuran", smtp_password="hidden-word"
    )

    shown = [value for _variable, value, _chosen in values_in_force(settings)]

    assert "(set)" in shown
    assert "hidden-word" not in repr(settings) + "".join(shown)


def test_settings_page_is_current() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")

    assert page == settings_markdown()


def test_limits_of_graphql_can_be_changed_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IURAN_GRAPHQL_LIMITS", "cost=8000, body_seconds=2.5")

    limits = load_settings().limits

    assert (limits.cost, limits.body_seconds, limits.depth) == (8_000, 2.5, 15)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("costs=8000", "there is no limit costs"),
        ("cost=much", "must be a number"),
        ("cost", "must be a number"),
        ("cost=0", "more than 0"),
        ("request_seconds=nan", "more than 0"),
        ("cost=30000", "points_burst must not be less"),
    ],
)
def test_a_limit_that_cannot_be_used_is_refused(
    monkeypatch: pytest.MonkeyPatch, value: str, told: str
) -> None:
    monkeypatch.setenv("IURAN_GRAPHQL_LIMITS", value)

    with pytest.raises(SettingsError, match=told):
        load_settings()


@pytest.mark.parametrize(
    "url", ["http://login.example.org/jwks", "ftp://localhost/jwks", "jwks.json", "https://"]
)
def test_keys_are_fetched_over_https_only(url: str) -> None:
    with pytest.raises(SettingsError, match="https"):
        load_settings(jwks_url=url)


def test_an_address_of_keys_takes_the_place_of_our_own_issuer() -> None:
    settings = load_settings(jwks_url="https://login.example.org/jwks", token_issuer="x")

    assert trusted_issuer(settings).name == "x"
    with pytest.raises(SettingsError, match="identity provider"):
        demo_issuer(settings)
