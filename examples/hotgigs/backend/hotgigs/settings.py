"""Settings of the application, read from the environment in one place."""

import os
import secrets
from dataclasses import dataclass, field

IN_MEMORY = "sqlite://"


@dataclass(frozen=True)
class Settings:
    """What differs between a laptop, a test, staging and production."""

    database_url: str = IN_MEMORY
    redis_url: str | None = None
    jwt_secret_key: str = field(
        default_factory=lambda: secrets.token_hex(32), repr=False
    )
    token_lifetime_seconds: int = 3600
    password_hash_method: str = "scrypt"
    environment: str = "development"
    version: str = "development"

    @classmethod
    def from_environment(cls, environment=os.environ) -> "Settings":
        """Read the variables that `.env.example` describes."""
        given = {
            "database_url": environment.get("DATABASE_URL"),
            "redis_url": environment.get("REDIS_URL"),
            "jwt_secret_key": environment.get("JWT_SECRET_KEY"),
            "environment": environment.get("HOTGIGS_ENVIRONMENT"),
            "version": environment.get("HOTGIGS_VERSION"),
        }
        settings = cls(**{name: value for name, value in given.items() if value})
        if settings.environment == "production" and not given["jwt_secret_key"]:
            raise ValueError("JWT_SECRET_KEY must be set in production")
        return settings
