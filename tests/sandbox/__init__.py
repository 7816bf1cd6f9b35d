"""The sandbox programs, tested as real servers on loopback ports; no container engine needed."""
