"""Tests on the real stack, through its public APIs."""
