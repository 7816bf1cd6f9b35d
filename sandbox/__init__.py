"""Programs of the sandbox only: the notification inbox, the partner API and the shoppers."""
