"""Tests that drive the real stack from outside, and those that need none."""
