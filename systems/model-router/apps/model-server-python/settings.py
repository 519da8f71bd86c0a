"""The declared environment, parsed whole: every fault is named at once, then exit 78."""

from dataclasses import dataclass

EXIT_CONFIGURATION = 78


@dataclass(frozen=True)
class Settings:
    host: str
    port: int
    instance: str
    models: list
    seed: str
    first_token_ms: int
    tokens_per_second: int
    tokens_max: int
    ledger_file: str


def read_settings(environment):
    """The settings and the faults; the settings mean nothing when there is a fault."""
    faults = []

    def text(name, fallback=None):
        value = environment.get(name) or fallback
        if value is None:
            faults.append(f"{name} is missing")
        return value or ""

    def whole(name, low, high, fallback=None):
        value = environment.get(name)
        if not value and fallback is not None:
            return fallback
        if value and value.isascii() and value.isdigit() and low <= int(value) <= high:
            return int(value)
        expected = f"is '{value}': expected a whole number from {low} to {high}"
        faults.append(f"{name} {expected if value else 'is missing'}")
        return low

    def root():
        value = environment.get("SEAWORTHY_ROOT", "")
        if value and (not value.startswith("/") or value.endswith("/")):
            faults.append("SEAWORTHY_ROOT: expected an absolute path without a slash at its end")
        return value

    def names(name):
        found = [part.strip() for part in text(name).split(",")]
        if found != [""] and ("" in found or len(set(found)) < len(found)):
            faults.append(f"{name}: an empty name between commas, or a name that stands twice")
        return found

    settings = Settings(
        host=text("HOST", "127.0.0.1"),
        port=whole("PORT", 0, 65_535),
        instance=text("SEAWORTHY_INSTANCE", "0"),
        models=names("MODELS"),
        seed=text("SEED", "1"),
        first_token_ms=whole("FIRST_TOKEN_MS", 0, 60_000, 20),
        tokens_per_second=whole("TOKENS_PER_SECOND", 1, 100_000, 50),
        tokens_max=whole("TOKENS_MAX", 1, 4_096, 256),
        ledger_file=f"{root()}/var/lib/model-server/ledger",
    )
    return settings, faults
