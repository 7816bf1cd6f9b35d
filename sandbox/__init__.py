"""What exists only to try the stack: the notification inbox, the partner API and the shoppers."""
