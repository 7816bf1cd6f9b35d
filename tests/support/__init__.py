"""Typed clients of the programs in the stack, shared by every test that drives it."""
