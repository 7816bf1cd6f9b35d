"""The password of cache and broker, read at each log-in, so that a new one needs no restart."""

from redis.credentials import CredentialProvider

from config import env


class RedisPassword(CredentialProvider):
    def get_credentials(self) -> tuple[str]:
        return (env.secret("REDIS_PASSWORD"),)
