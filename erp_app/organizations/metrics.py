"""What is counted about log-ins."""

from prometheus_client import Counter

LOGINS = Counter("erp_logins", "Log-ins to the API by outcome.", ["outcome"])
for _outcome in ("ok", "refused", "invalid"):
    LOGINS.labels(_outcome)
