"""The APIs of other companies."""
