"""What stands behind `make`: the engine, the images, the secrets and the stack. Standard library only."""
